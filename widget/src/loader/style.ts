/** `!important` on the host beats the page's own rules. */
export const CSS = `
:host{all:initial!important;display:block!important;position:fixed!important;z-index:2147483000!important;color-scheme:light dark}
:host([hidden]){display:none!important}
@media print{:host{display:none!important}}
*{box-sizing:border-box;font:14px/1.4 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
button{border:0;padding:0;margin:0;cursor:pointer;-webkit-tap-highlight-color:transparent}
:focus-visible{outline:3px solid var(--c);outline-offset:3px}
.l{position:fixed;bottom:calc(20px + env(safe-area-inset-bottom));right:calc(20px + env(safe-area-inset-right));width:56px;height:56px;border-radius:50%;background:var(--c);color:var(--t);box-shadow:0 1px 3px #0003,0 6px 20px #0003;display:grid;place-items:center;transition:transform .16s}
.left .l{right:auto;left:calc(20px + env(safe-area-inset-left))}
.l:hover{transform:scale(1.05)}
.l:active{transform:scale(.96)}
.l svg{grid-area:1/1;width:28px;height:28px;transition:opacity .16s,transform .16s}
.l svg+svg,.o .l svg{opacity:0;transform:rotate(-60deg)}
.o .l svg+svg{opacity:1;transform:none}
@media(prefers-reduced-motion:reduce){*{transition:none!important;animation:none!important}}
@media(forced-colors:active){.l{border:2px solid}}
`.replace(/\n/g, '');
