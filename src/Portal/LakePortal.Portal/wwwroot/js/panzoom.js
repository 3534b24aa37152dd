// Pan, zoom and fit for a drawing, by its viewBox.
export function attach(svg) {
  const home = svg.viewBox.baseVal;
  const start = { x: home.x, y: home.y, width: home.width, height: home.height };
  let box = { ...start };
  const apply = () => svg.setAttribute('viewBox', `${box.x} ${box.y} ${box.width} ${box.height}`);
  let drag = null;
  const down = event => {
    if (event.button !== 0 || event.target.closest('a')) return;
    drag = { x: event.clientX, y: event.clientY };
    svg.setPointerCapture(event.pointerId);
  };
  const move = event => {
    if (drag === null) return;
    const scale = box.width / svg.clientWidth;
    box.x -= (event.clientX - drag.x) * scale;
    box.y -= (event.clientY - drag.y) * scale;
    drag = { x: event.clientX, y: event.clientY };
    apply();
  };
  const up = () => { drag = null; };
  const wheel = event => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15);
  };
  const zoom = factor => {
    const width = Math.min(Math.max(box.width * factor, start.width / 8), start.width * 4);
    const ratio = width / box.width;
    box = { x: box.x + box.width * (1 - ratio) / 2, y: box.y + box.height * (1 - ratio) / 2, width, height: box.height * ratio };
    apply();
  };
  svg.addEventListener('pointerdown', down);
  svg.addEventListener('pointermove', move);
  svg.addEventListener('pointerup', up);
  svg.addEventListener('wheel', wheel, { passive: false });
  return {
    zoomIn: () => zoom(1 / 1.3),
    zoomOut: () => zoom(1.3),
    fit: () => { box = { ...start }; apply(); },
    dispose: () => {
      svg.removeEventListener('pointerdown', down);
      svg.removeEventListener('pointermove', move);
      svg.removeEventListener('pointerup', up);
      svg.removeEventListener('wheel', wheel);
    },
  };
}
