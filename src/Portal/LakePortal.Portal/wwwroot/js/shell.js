// Theme, time zone, navigation rail, clipboard and keyboard of the shell. One instance per circuit.
let shell = null;

const typing = target => target instanceof Element
  && (target.closest('input, textarea, select, [contenteditable=""], [contenteditable="true"], .cm-editor') !== null);

function onKeyDown(event) {
  if (shell === null || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    shell.invokeMethodAsync('OnShortcut', 'ctrl+k');
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector('.mud-dialog, .palette') !== null) return;
  const key = event.key;
  if (key === 'Escape' && document.querySelector(':popover-open') === null) {
    document.querySelector('.split.open > aside [aria-label="Close"]')?.click();
    return;
  }
  if (key.length !== 1) return;
  if (shell.keys.has(key)) {
    event.preventDefault();
    shell.invokeMethodAsync('OnShortcut', key);
  }
}

// Where the keyboard was before the search opened: it goes back there when the search is closed without choosing.
let before = null;

function onFocusIn(event) {
  if (event.target.closest('.palette') !== null && !event.relatedTarget?.closest('.palette')) before = event.relatedTarget;
}

export function focusBack() {
  // Not every browser focuses a button that is clicked: then there is no place before, and the button that opens the search is the nearest.
  (before?.isConnected ? before : document.querySelector('button.find'))?.focus();
  before = null;
}

function onTheme() {
  shell?.invokeMethodAsync('OnThemeApplied', document.documentElement.dataset.theme === 'dark');
}

export function start(reference, keys) {
  shell = reference;
  shell.keys = new Set(keys);
  document.addEventListener('keydown', onKeyDown);
  document.addEventListener('focusin', onFocusIn);
  addEventListener('lakeportal:theme', onTheme);
  // From here on keys are heard.
  document.documentElement.dataset.shell = 'ready';
  return {
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    dark: document.documentElement.dataset.theme === 'dark',
    rail: document.documentElement.dataset.rail,
  };
}

export function stop() {
  document.removeEventListener('keydown', onKeyDown);
  document.removeEventListener('focusin', onFocusIn);
  removeEventListener('lakeportal:theme', onTheme);
  shell = null;
}

export function setTheme(theme) {
  localStorage.setItem('lakeportal.theme', theme);
  globalThis.lakeportalApplyTheme();
  return document.documentElement.dataset.theme === 'dark';
}

export function setRail(state) {
  document.documentElement.dataset.rail = state;
  if (state !== 'open') localStorage.setItem('lakeportal.rail', state);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure context there is no clipboard object: select and copy the old way.
    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    area.style.opacity = '0';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

export function remember(key, value) { sessionStorage.setItem(`lakeportal.${key}`, value); }

export function recall(key) { return sessionStorage.getItem(`lakeportal.${key}`); }

export function forget(key) { sessionStorage.removeItem(`lakeportal.${key}`); }

export function focus(element) { element?.focus(); }

export function scrollToEnd(element) { if (element) element.scrollTop = element.scrollHeight; }

export function toggleFullScreen(element) {
  if (document.fullscreenElement) document.exitFullscreen(); else element?.requestFullscreen();
}

/** Posts a form, so that a long statement does not have to fit into an address and the answer is saved as a file. */
export function postForm(action, fields) {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = action;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement('input');
    input.type = 'hidden';
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
  form.remove();
}
