import adapter from '@sveltejs/adapter-static';

/** @type {import('@sveltejs/kit').Config} */
export default {
  compilerOptions: { runes: true },
  kit: {
    adapter: adapter({ pages: 'build', assets: 'build', fallback: 'index.html', strict: true }),
    // The server adds the full policy as a header; this one lets Kit's own bootstrap run without 'unsafe-inline'.
    csp: { mode: 'hash', directives: { 'script-src': ['self'] } },
    version: { pollInterval: 0 }
  }
};
