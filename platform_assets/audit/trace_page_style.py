"""How the page of a trace looks, on a screen by day and night and on paper."""

STYLE = """
:root { --ink: #1a1f26; --soft: #5a6572; --line: #d8dde3; --paper: #fff; --sheet: #f5f7f9; --bad: #a4161a;
  --warn: #8a5a00; --good: #1b6b3a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebef; --soft: #a0abb8; --line: #39424d; --paper: #14181d;
  --sheet: #1c2229; --bad: #ff8a80; --warn: #ffcc66; --good: #7fd8a0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
header p { margin: 0; color: var(--soft); }
h1 { margin: .1rem 0 1rem; font-size: 1.45rem; overflow-wrap: anywhere; font-weight: 650; }
h2 { margin: 2.2rem 0 .6rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); font-size: 1.08rem; }
.recalled { padding: .6rem .9rem; border: 1px solid var(--bad); border-left-width: .4rem; color: var(--bad); }
dl { display: grid; grid-template-columns: minmax(9rem, 13rem) 1fr; gap: .2rem 1rem; margin: .4rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .8rem .28rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; }
td.fail { color: var(--bad); } td.warn { color: var(--warn); } td.pass { color: var(--good); }
ul { padding-left: 1.2rem; } section > ul { color: var(--soft); font-size: .92rem; overflow-wrap: anywhere; }
ul.chain, ul.chain ul { list-style: none; color: var(--ink); }
ul.chain { padding-left: 0; } ul.chain ul { padding-left: 1rem; border-left: 2px solid var(--line); }
ul.chain li { margin: .5rem 0; } ul.chain dl { font-size: .9rem; margin: .15rem 0 .4rem; }
code, pre { font: .9em/1.45 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { padding: .6rem .8rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 4px;
  white-space: pre-wrap; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; } }
@media print { :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --sheet: #fff; --bad: #900; --warn: #640;
  --good: #040; } body { font-size: 10pt; } main { max-width: none; padding: 0; } h2 { break-after: avoid; }
  tr, dd, li { break-inside: avoid; } .wide { overflow: visible; } @page { margin: 16mm; } }
"""
