/** Style of what the second stage adds to the launcher: badge, preview and the panel's box. */
export const CSS = `
.b{position:absolute;top:-4px;right:-4px;min-width:22px;height:22px;padding:0 6px;border-radius:11px;background:#d6293e;color:#fff;font-size:12px;line-height:22px;font-weight:600;text-align:center;box-shadow:0 0 0 2px #fff}
.b:empty,.o .b,.o .v{display:none}
.v{position:fixed;bottom:calc(88px + env(safe-area-inset-bottom));right:20px;display:flex;align-items:flex-start;max-width:min(300px,calc(100vw - 40px));border-radius:14px;background:#fff;color:#1a1d21;box-shadow:0 1px 3px #0002,0 8px 28px #0003;animation:i .2s}
.v[hidden]{display:none}
.m{flex:1;min-width:0;padding:12px 0 12px 14px;background:0 0;color:inherit;text-align:start;border-radius:14px}
.m b,.m span{display:block;overflow:hidden;text-overflow:ellipsis}
.m b{font-weight:600;font-size:13px;white-space:nowrap}
.m span{display:-webkit-box;-webkit-line-clamp:3;-webkit-box-orient:vertical;overflow-wrap:anywhere}
.x{flex:none;width:32px;height:32px;margin:4px;border-radius:50%;background:0 0;color:inherit;opacity:.7}
.p{position:fixed;bottom:calc(88px + env(safe-area-inset-bottom));right:20px;width:384px;max-width:calc(100vw - 40px);height:min(640px,calc(100vh - 112px));border-radius:16px;overflow:hidden;background:linear-gradient(var(--c) 68px,#fff 0);color:#1a1d21;box-shadow:0 1px 3px #0002,0 12px 40px #0004;display:grid;place-items:center;visibility:hidden;opacity:0;transform:translateY(12px);transition:opacity .16s,transform .16s,visibility 0s .16s}
@supports(height:1dvh){.p{height:min(640px,calc(100dvh - 112px))}}
.o .p{visibility:visible;opacity:1;transform:none;transition:opacity .16s,transform .16s}
.left :is(.v,.p){right:auto;left:20px}
iframe{grid-area:1/1;width:100%;height:100%;border:0;opacity:0}
.r iframe{opacity:1}
.e{grid-area:1/1;text-align:center;padding:24px;position:relative}
.e[hidden]{display:none}
.e button{display:block;margin:12px auto 0;padding:10px 16px;border-radius:8px;background:var(--c);color:var(--t)}
.f .p,.f.left .p{inset:var(--y,0) 0 auto 0;width:auto;max-width:none;height:var(--h,100vh);border-radius:0}
@supports(height:1dvh){.f .p{height:var(--h,100dvh)}}
.f.o .l{z-index:1}
.f.o.r .l{display:none}
@media(prefers-color-scheme:dark){.v,.p{background-color:#1c1f24;color:#e8eaed}.p{background-image:linear-gradient(var(--c) 68px,#1c1f24 0)}.b{box-shadow:0 0 0 2px #1c1f24}}
@media(prefers-reduced-motion:reduce){.p,.v{transition:none!important;animation:none!important}}
@media(forced-colors:active){.v,.p,.b{border:2px solid}}
@keyframes i{from{opacity:0;transform:translateY(8px)}}
`.replace(/\n/g, '');
