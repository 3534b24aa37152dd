// Shown when the connection to the server is lost: ten quick tries, then every 5 s, then every 30 s; a lost circuit reloads the page,
// which loses nothing because the address holds the page's state.
const modal = document.getElementById('components-reconnect-modal');
const wait = attempt => attempt < 10 ? 250 + attempt * 75 : attempt < 40 ? 5000 : 30000;
let attempt = 0;
let timer = 0;

function say(text) { modal.querySelector('[data-say]').textContent = text; }

async function tryAgain() {
  clearTimeout(timer);
  attempt++;
  try {
    const connected = await Blazor.reconnect();
    if (!connected) location.reload();
  } catch {
    say(attempt < 10 ? 'Reconnecting…' : `Still trying. Attempt ${attempt + 1}.`);
    timer = setTimeout(tryAgain, wait(attempt));
  }
}

async function onState(event) {
  switch (event.detail.state) {
    case 'show':
      attempt = 0;
      say('Reconnecting…');
      if (!modal.open) modal.showModal();
      timer = setTimeout(tryAgain, 200);
      break;
    case 'hide':
      clearTimeout(timer);
      modal.close();
      break;
    case 'failed':
      timer = setTimeout(tryAgain, wait(attempt));
      break;
    case 'rejected':
      location.reload();
      break;
  }
}

modal.addEventListener('components-reconnect-state-changed', onState);
modal.querySelector('[data-retry]').addEventListener('click', tryAgain);
modal.querySelector('[data-reload]').addEventListener('click', () => location.reload());
document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible' && modal.open) tryAgain(); });
