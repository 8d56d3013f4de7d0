// The workflow of GitHub Actions: valid, and it runs what is run everywhere.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { documents, root } from './files.mjs';

const path = '.github/workflows/ci.yml';
execFileSync('node_modules/.bin/action-validator', [root + path], { encoding: 'utf8' });
const [{ jobs }] = documents(path);
assert.ok(Object.values(jobs).some(({ steps }) => steps.some(({ run }) => run === 'bash .ci/run')));
console.log('done');
