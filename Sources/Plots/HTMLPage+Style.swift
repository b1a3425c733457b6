// How reports look.

extension HTMLPage {
    /// Neither `<` nor `&` may occur here: the page is also read as XML.
    static let style = """
        :root { color-scheme: light dark; --paper: #ffffff; --ink: #1c2128; --faint: #5d6672; --edge: #dfe3e8; --wash: #f5f7f9;
          --link: #1a66ad; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #14171b; --ink: #e4e7eb; --faint: #9aa4b0; --edge: #30363e; --wash: #1c2026; --link: #6db3f2; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 32px 28px 64px; max-width: 1200px; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
        h1 { margin: 0; font-size: 27px; line-height: 1.2; letter-spacing: -0.01em; }
        h2 { margin: 44px 0 10px; padding-top: 14px; border-top: 1px solid var(--edge); font-size: 19px; line-height: 1.3; }
        p { margin: 8px 0; max-width: 74ch; }
        .subtitle { margin-top: 6px; max-width: none; color: var(--faint); }
        nav { margin-top: 14px; font-size: 14px; }
        nav a { margin-right: 16px; color: var(--link); text-decoration: none; }
        nav a:hover { text-decoration: underline; }
        figure { margin: 14px 0; min-width: 0; }
        figcaption { margin-top: 4px; max-width: 74ch; font-size: 13px; line-height: 1.45; color: var(--faint); }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 500px), 1fr)); gap: 8px 24px;
          align-items: start; }
        .figures figure { margin: 10px 0; }
        svg.chart { display: block; max-width: 100%; height: auto; }
        .facts { display: flex; flex-wrap: wrap; gap: 10px; margin: 18px 0 8px; }
        .facts div { flex: 1 1 170px; padding: 11px 15px 10px; background: var(--wash); border-radius: 6px; }
        .facts dt { font-size: 13px; color: var(--faint); }
        .facts dd { margin: 0; font-size: 25px; line-height: 1.25; font-weight: 600; font-variant-numeric: tabular-nums; }
        .facts dd.note { font-size: 13px; font-weight: 400; color: var(--faint); }
        .table { overflow-x: auto; }
        table { border-collapse: collapse; font-size: 14px; }
        th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid var(--edge); white-space: nowrap; }
        th { font-weight: 600; color: var(--faint); border-bottom-color: var(--faint); vertical-align: bottom; }
        .text { text-align: left; }
        .number { text-align: right; padding-left: 8px; font-variant-numeric: tabular-nums; }
        td small { color: var(--faint); font-size: 12px; }
        pre { overflow-x: auto; padding: 12px 14px; background: var(--wash); border-radius: 6px; font-size: 13px; line-height: 1.45; }
        .token-legend { display: flex; align-items: center; flex-wrap: wrap; gap: 8px; font-size: 13px; color: var(--faint);
          max-width: none; }
        .token-legend .scale { width: 180px; height: 12px; border: 1px solid var(--edge); border-radius: 2px; }
        .mark-key { margin-left: 18px; }
        .token-text { margin: 12px 0; padding: 8px 14px 12px; background: var(--wash); border-radius: 6px; }
        .token-heading { margin: 0 0 4px; max-width: none; font-size: 13px; color: var(--faint); }
        .tokens { margin: 0; max-width: none; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.85;
          font: 14px/1.85 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
        .token { padding: 2px 0; border-radius: 2px; box-shadow: inset 1px 0 0 var(--wash); cursor: default; }
        .token.marked { outline: 1.5px dashed var(--ink); outline-offset: -1px; }
        .plain { color: var(--faint); }
        @media print { body { padding: 0; } .figures { display: block; } figure { break-inside: avoid; } }
        """
}
