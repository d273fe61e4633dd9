// Runs before the first paint so that neither the theme nor the direction flashes.
(function () {
  var root = document.documentElement;
  try {
    var prefs = JSON.parse(localStorage.getItem('ism.prefs') || '{}');
    var dark =
      prefs.theme === 'dark' ||
      (prefs.theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
    root.classList.toggle('dark', dark);
    if (prefs.dir === 'rtl' || prefs.dir === 'ltr') root.dir = prefs.dir;
  } catch (_) {
    root.classList.toggle('dark', matchMedia('(prefers-color-scheme: dark)').matches);
  }
})();
