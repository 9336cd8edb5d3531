"""How a model card looks, on a screen by day and night and on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #17202a; --soft: #566270; --line: #d5dce3; --paper: #fff; --sheet: #f4f6f8;
  --good: #14693a; --bad: #a01822; --warn: #7d5200; --bar: #7a9cc6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaee; --soft: #9eabb8; --line: #38424d; --paper: #14181d;
  --sheet: #1b2128; --good: #7bd69b; --bad: #ff8b84; --warn: #f5c56b; --bar: #46678f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.2rem 1.25rem 4rem; }
header { border-bottom: 2px solid var(--ink); padding-bottom: .8rem; }
header p { margin: 0; color: var(--soft); }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; text-wrap: balance; }
h2 { margin: 2.4rem 0 .5rem; font-size: 1.15rem; }
.state { display: inline-block; margin-top: .5rem; padding: .05rem .6rem; border: 1px solid; border-radius: 1rem;
  font-size: .85rem; color: var(--soft); }
.state.pass { color: var(--good); }
p { max-width: 46rem; margin: .4rem 0; }
dl { display: grid; grid-template-columns: minmax(8rem, 12rem) 1fr; gap: .25rem 1.2rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; font-variant-numeric: tabular-nums; }
th, td { padding: .32rem .9rem .32rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 550; white-space: nowrap; }
td.n { text-align: right; white-space: nowrap; } th.n { text-align: right; }
td.pass { color: var(--good); } td.fail { color: var(--bad); font-weight: 600; } td.warn { color: var(--warn); }
ul { margin: .4rem 0; padding-left: 1.2rem; max-width: 46rem; }
code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
footer { margin-top: 3rem; padding-top: .7rem; border-top: 1px solid var(--line); color: var(--soft);
  font-size: .85rem; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .45rem; } }
@media print { :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --good: #053; --bad: #900;
  --warn: #540; }
  body { font-size: 9.5pt; } main { max-width: none; padding: 0; } h2 { break-after: avoid; margin-top: 1.4rem; }
  tr, dd, li { break-inside: avoid; } .wide { overflow: visible; } @page { margin: 15mm; } }
"""
