// For the server's own pages: Escape three times, or the link "Leave", and this page is replaced by another.
(() => {
  let presses = [];
  const leave = () => {
    document.body.replaceChildren();
    location.replace('/leave');
  };
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
})();
