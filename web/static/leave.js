// For the server's own pages: Escape three times, or the link "Leave", and this page is replaced by another.
// Going back does not show it again, nor what stood before it in this tab. A plain title and icon stay plain.
(() => {
  const LEFT = 'hearth.left';
  const { title } = document.currentScript.dataset;
  let presses = [];

  const kept = (store, name) => {
    try {
      return window[store].getItem(name) === '1';
    } catch {
      return false;
    }
  };
  const keep = (is) => {
    try {
      if (is) sessionStorage.setItem(LEFT, '1');
      else sessionStorage.removeItem(LEFT);
    } catch {
      // Then it is not remembered.
    }
  };
  const leave = () => {
    keep(true);
    document.body.replaceChildren();
    location.replace('/leave');
  };

  const [how] = performance.getEntriesByType('navigation');
  if (how?.type === 'back_forward' && kept('sessionStorage', LEFT)) return leave();
  keep(false);
  addEventListener('pageshow', (event) => {
    if (event.persisted && kept('sessionStorage', LEFT)) leave();
  });
  addEventListener('keydown', (event) => {
    if (event.repeat) return;
    presses = event.key === 'Escape' ? [...presses, event.timeStamp] : [];
    presses = presses.filter((at) => at >= event.timeStamp - 1500);
    if (presses.length >= 3) leave();
  });
  addEventListener('click', (event) => {
    if (!event.target.closest?.('a[href="/leave"]')) return;
    event.preventDefault();
    leave();
  });
  if (title && kept('localStorage', 'hearth.plain')) {
    document.title = title;
    document.querySelector('link[rel="icon"]')?.setAttribute('href', '/plain.svg');
  }
})();
