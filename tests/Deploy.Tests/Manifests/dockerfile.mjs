// The Dockerfile: no linter finds fault with it, and the image can run as it is meant to.
import assert from 'node:assert/strict';
import { validate } from 'dockerfile-utils';
import { existsSync } from 'node:fs';
import { read, root } from './files.mjs';

const text = read('deploy/docker/Dockerfile');
assert.deepEqual(validate(text).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`), []);

const instructions = text
  .replaceAll('\\\n', '')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line))
  .map((line) => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]);
const last = instructions.slice(instructions.findLastIndex(([name]) => name === 'FROM'));
const argument = (name) => last.find(([instruction]) => instruction === name)[1];
assert.match(argument('FROM'), /chiseled$/);
assert.equal(argument('USER'), '$APP_UID');
assert.deepEqual(JSON.parse(argument('ENTRYPOINT')), ['/app/Gateway']);
assert.match(argument('HEALTHCHECK'), /CMD \["\/app\/Gateway", "health", "live"\]$/);
assert.ok(!last.some(([name]) => name === 'RUN'), 'there is nothing in the image to run commands with');

// What is copied exists, and reaches the builder.
const allowed = read('deploy/docker/Dockerfile.dockerignore').split('\n').filter((line) => line.startsWith('!'));
for (const [name, paths] of instructions)
  if (name === 'COPY' && !paths.startsWith('--from'))
    for (const path of paths.split(' ').slice(0, -1)) {
      assert.ok(existsSync(root + path), path);
      assert.ok(allowed.some((rule) => new RegExp(`^${rule.slice(1).replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(path)), path);
    }
console.log('done');
