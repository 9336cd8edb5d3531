-- Sends the bodies of a file in turn, one a line, with a counter written where its marks stand; tells figures as JSON.
-- Arguments: the file, the path, the mark, the first count.
local heads, parts = {}, {}
local turn, count = 0, 0

function init(args)
  local mark = args[3]
  local path = args[2]
  count = tonumber(args[4])
  for line in io.lines(args[1]) do
    local pieces, from = {}, 1
    while true do
      local at = string.find(line, mark, from, true)
      if not at then break end
      pieces[#pieces + 1] = string.sub(line, from, at - 1)
      from = at + #mark
    end
    pieces[#pieces + 1] = string.sub(line, from)
    local length = #line + (#pieces - 1) * (6 - #mark)
    heads[#heads + 1] = "POST " .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
      .. "Content-Length: " .. length .. "\r\n\r\n"
    parts[#parts + 1] = pieces
  end
end

function request()
  turn = turn % #heads + 1
  count = (count + 1) % 1000000
  local pieces = parts[turn]
  if #pieces == 1 then return heads[turn] .. pieces[1] end
  return heads[turn] .. table.concat(pieces, string.format("%06d", count))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"wrong_status":%d,"broken":%d,"p50":%.1f,"p95":%.1f,"p99":%.1f}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
