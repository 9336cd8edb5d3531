"""The one script that applies an event: the server runs it as a whole, so two consumers never see half of it."""

from typing import Literal

AppliedAs = Literal["accepted", "duplicate", "too_late"]
KEPT_S = 90 * 86_400  # of an entity that has no more events

# KEYS: state, seen, log. ARGV: id, instant, begin of the bucket or '', retention in s, the event for the log or '',
# then measures and their millionths.
APPLY = f"""
local at, keep_s = tonumber(ARGV[2]), tonumber(ARGV[4])
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 'duplicate' end
local newest = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
newest = math.max(at, newest and tonumber(newest) or at)
local from = newest - keep_s
if at < from then return 'too_late' end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. string.format('%.17g', from))
redis.call('EXPIRE', KEYS[2], {KEPT_S})
local raw = redis.call('GET', KEYS[1])
local state = raw and cmsgpack.unpack(raw) or {{}}
local bucket = tonumber(ARGV[3])
if bucket and bucket >= from then
  local half = (#ARGV - 5) / 2
  local held = state[bucket]
  if not held then
    held = {{0, at, ARGV[1], {{}}, {{}}}}
    for i = 1, half do held[5][i] = 0 end
  end
  if held[1] == 0 or at < held[2] or (at == held[2] and ARGV[1] < held[3]) then
    held[2], held[3] = at, ARGV[1]
    for i = 1, half do held[4][i] = tonumber(ARGV[5 + i]) end
  end
  held[1] = held[1] + 1
  for i = 1, half do held[5][i] = held[5][i] + tonumber(ARGV[5 + half + i]) end
  state[bucket] = held
end
for begin in pairs(state) do if begin < from then state[begin] = nil end end
if next(state) then
  redis.call('SET', KEYS[1], cmsgpack.pack(state), 'EX', {KEPT_S})
else
  redis.call('DEL', KEYS[1])
end
if ARGV[5] ~= '' then redis.call('XADD', KEYS[3], '*', 'entries', ARGV[5]) end
return 'accepted'
"""
