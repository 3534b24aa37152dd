// Runs before the first paint: without it a dark page would flash white.
(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const wish = localStorage.getItem('lakeportal.theme') ?? 'system';
    root.dataset.theme = wish === 'system' ? (dark.matches ? 'dark' : 'light') : wish;
    root.style.colorScheme = root.dataset.theme;
  };
  root.dataset.rail = localStorage.getItem('lakeportal.rail') ?? 'wide';
  dark.addEventListener('change', () => { apply(); dispatchEvent(new Event('lakeportal:theme')); });
  globalThis.lakeportalApplyTheme = apply;
  apply();
})();
