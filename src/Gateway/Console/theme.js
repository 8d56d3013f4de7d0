// Runs before the first paint. Without a choice the system's own holds.
(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = localStorage.getItem('gateway-theme');
  if (chosen === 'light' || chosen === 'dark') root.dataset.theme = chosen;

  addEventListener('DOMContentLoaded', () => {
    document.getElementById('theme').addEventListener('click', () => {
      const isDark = (root.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark';
      root.dataset.theme = isDark ? 'light' : 'dark';
      localStorage.setItem('gateway-theme', root.dataset.theme);
    });
  });
})();
