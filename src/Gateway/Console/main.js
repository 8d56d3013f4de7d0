import { get } from './api.js';
import { Channels } from './channels.js';
import { byId, setText } from './dom.js';
import { Drawer } from './drawer.js';
import { Feeds } from './feeds.js';
import { History } from './history.js';
import { Nodes } from './nodes.js';
import { Overview } from './overview.js';
import { Polling } from './polling.js';
import { PublishForm } from './publish.js';
import { SignIn } from './sign-in.js';

const history = new History();
const overview = new Overview(history);
const nodes = new Nodes(history, draw);
const feeds = new Feeds(history);
const channels = new Channels(new Drawer().open);
const polling = new Polling(poll, 1_000);
const signIn = new SignIn(start, start);

byId('publish').append(new PublishForm().element);
start();

function start() {
  polling.start();
  channels.start();
}

async function poll() {
  try {
    const [stats, { nodes: all }] = await Promise.all([get('stats'), get('nodes')]);
    history.add(stats);
    await feeds.load();
    nodes.draw(all, stats.missing);
    signIn.accepted();
    tell(all);
  } catch (failure) {
    tellFailure(failure);
  }
  draw();
}

function draw() {
  overview.draw(nodes.scope);
  feeds.draw(nodes.scope);
}

function tell(all) {
  const broken = all.filter((node) => node.problem);
  if (broken.length === 0) setStatus('good', 'Live');
  else setStatus('waiting', broken.length === 1 ? 'A node is not ready' : `${broken.length} nodes are not ready`, `${broken[0].node}: ${broken[0].problem}`);
}

function tellFailure({ status, message }) {
  if (status === 401) {
    polling.stop();
    channels.stop();
    setStatus('waiting', 'Locked');
    signIn.ask();
  } else if (status === 0) {
    setStatus('bad', 'Unreachable', 'The gateway does not answer. This page goes on asking, and will be back with it.');
  } else {
    setStatus('bad', status === undefined ? 'Fault' : `Error ${status}`, message);
  }
}

function setStatus(state, text, problem = '') {
  const status = byId('status');
  status.dataset.state = state;
  setText(status, text);
  const banner = byId('problem');
  banner.hidden = problem === '';
  banner.dataset.state = state;
  setText(banner, problem);
  byId('tiles').parentElement.toggleAttribute('data-stale', state === 'bad');
  document.title = state === 'bad' ? `${text} – Gateway` : 'Gateway';
}
