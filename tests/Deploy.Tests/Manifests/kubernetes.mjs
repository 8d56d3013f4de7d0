// The Kubernetes manifests: every field exists, has the right type and is there where it must be; and they fit each other.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { documents, patience, root, seconds, version } from './files.mjs';

const folder = 'deploy/kubernetes/';
const [{ resources }] = documents(folder + 'kustomization.yaml');
assert.deepEqual([...resources, 'kustomization.yaml'].sort(), readdirSync(root + folder).sort());
const objects = resources.flatMap((file) => documents(folder + file));

// The compiler knows Kubernetes' API from its types, and refuses unknown fields of literals, which JSON schemas of the API let through.
const literals = objects.map(
  ({ apiVersion, kind, ...rest }, i) =>
    `import type { I${kind} as I${i} } from 'kubernetes-models/${apiVersion}';\n` +
    `export const object${i}: I${i} = ${JSON.stringify({ apiVersion, kind, ...rest }, null, 1)};\n`,
);
const literalsFile = new URL('./literals.ts', import.meta.url);
writeFileSync(literalsFile, literals.join(''));
try {
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext'];
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', ...options, 'literals.ts'], { encoding: 'utf8' });
} catch (failure) {
  assert.fail(failure.stdout);
} finally {
  rmSync(literalsFile);
}
for (const { apiVersion, kind, ...rest } of objects) {
  const { [kind]: Model } = await import(`kubernetes-models/${apiVersion}`);
  new Model(rest).validate();
}

const one = (kind, name = 'gateway') => objects.find((object) => object.kind === kind && object.metadata.name === name);
const labels = { 'app.kubernetes.io/name': 'gateway' };
const { strategy, selector, template, replicas } = one('Deployment').spec;
const { containers, terminationGracePeriodSeconds, securityContext, volumes } = template.spec;
const [gateway] = containers;
const value = (name) => gateway.env.find((variable) => variable.name === name).value;
const port = (name) => gateway.ports.find((port) => port.name === name).containerPort;

// Everything is about the same pods.
for (const object of objects) assert.deepEqual(object.metadata.labels, labels);
for (const matched of [selector, one('PodDisruptionBudget').spec.selector, one('NetworkPolicy').spec.podSelector])
  assert.deepEqual(matched.matchLabels, labels);
for (const service of [one('Service'), one('Service', 'gateway-internal')]) assert.deepEqual(service.spec.selector, labels);
assert.deepEqual(template.metadata.labels, labels);
assert.equal(gateway.image.split(':').at(-1), version);

// It is given the time to leave, and nobody new comes meanwhile.
assert.ok(terminationGracePeriodSeconds >= gateway.lifecycle.preStop.sleep.seconds + seconds(value('Gateway__Drain__Duration')) + patience);
assert.deepEqual(strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });

// Ports, probes and services mean the same; the internal one stays inside.
assert.ok(value('Gateway__Public').endsWith(`:${port('public')}`) && value('Gateway__Internal').endsWith(`:${port('internal')}`));
assert.deepEqual(
  [gateway.startupProbe, gateway.readinessProbe, gateway.livenessProbe].map(({ httpGet }) => [httpGet.path, httpGet.port]),
  [['/health/live', 'internal'], ['/health/ready', 'internal'], ['/health/live', 'internal']],
);
const { type, sessionAffinity, ports } = one('Service').spec;
assert.deepEqual([type, sessionAffinity, ports.map(({ targetPort }) => targetPort)], ['LoadBalancer', 'ClientIP', ['public']]);
assert.equal(one('Service', 'gateway-internal').spec.type, undefined);
const [anybody, some, ...more] = one('NetworkPolicy').spec.ingress;
assert.deepEqual([anybody.from, anybody.ports.map(({ port }) => port)], [undefined, ['public']]);
assert.deepEqual([some.ports.map(({ port }) => port), more], [['internal'], []]);
assert.ok(some.from.length > 0 && some.from.every((peer) => Object.keys(peer).length > 0));

// It can do nothing it need not.
assert.ok(securityContext.runAsNonRoot && gateway.securityContext.readOnlyRootFilesystem && !gateway.securityContext.allowPrivilegeEscalation);
assert.deepEqual(gateway.securityContext.capabilities, { drop: ['ALL'] });

// What is mentioned exists.
assert.ok(one('Secret', gateway.envFrom[0].secretRef.name));
for (const { name } of gateway.volumeMounts) assert.ok(volumes.some((volume) => volume.name === name));
for (const path of ['Path', 'KeyPath']) assert.ok(value('Gateway__Certificate__' + path).startsWith(gateway.volumeMounts[0].mountPath));

// The autoscaler alone decides how many there are, by a metric that the gateway has.
const scaler = one('HorizontalPodAutoscaler').spec;
assert.deepEqual([scaler.scaleTargetRef.name, scaler.scaleTargetRef.kind, replicas], ['gateway', 'Deployment', undefined]);
assert.equal(scaler.metrics[0].pods.metric.name, 'gateway_connections');
assert.ok(Number(scaler.metrics[0].pods.target.averageValue) < Number(value('Gateway__Limits__Connections')));
console.log('done');
