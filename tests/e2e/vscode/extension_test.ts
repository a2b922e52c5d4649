// The parts of the extension that need no editor.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { countLines, moved, noCounts } from '../../../editors/vscode/src/counters';
import { type Places, findProgram, serverArguments } from '../../../editors/vscode/src/program';
import { serverKeys } from '../../../editors/vscode/src/serverKeys';
import { type State, type Status, faceOf } from '../../../editors/vscode/src/state';
import { planLines, stepLines } from '../../../editors/vscode/src/steps';
import { whyLines } from '../../../editors/vscode/src/why';

const source = process.env.RONDO_SOURCE ?? '';
const manifest = JSON.parse(readFileSync(join(source, 'editors/vscode/package.json'), 'utf8'));

// Calls `body` with a folder that holds these programs.
function withPrograms(paths: string[], body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'rondo-'));
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), '');
    chmodSync(join(folder, path), 0o755);
  }
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the program', () => {
  const everywhere = ['set/rondo', 'a/rondo', 'b/rondo', 'home/.local/bin/rondo'];
  const cases: [string, string[], (folder: string) => Partial<Places>, string | RegExp][] = [
    ['of the setting comes first', everywhere, (f) => ({ setting: `${f}/set/rondo`, path: `${f}/a` }), 'set/rondo'],
    ['of the setting may be below the home folder', everywhere, () => ({ setting: '~/.local/bin/rondo' }), 'home/.local/bin/rondo'],
    ['then the first on PATH', everywhere, (f) => ({ path: `${f}/none:${f}/b:${f}/a` }), 'b/rondo'],
    ['then ~/.local/bin', everywhere, (f) => ({ path: `${f}/none` }), 'home/.local/bin/rondo'],
    ['is not a folder', ['a/rondo/x', 'b/rondo'], (f) => ({ path: `${f}/a:${f}/b` }), 'b/rondo'],
    ['is not looked for in relative folders', ['rondo'], () => ({ path: '.::' }), /neither on PATH.*cmake --install/],
    ['of the setting must be there', everywhere, () => ({ setting: '/nowhere/rondo' }), /'\/nowhere\/rondo' of the setting/],
    ['of the setting must be absolute', everywhere, () => ({ setting: 'set/rondo' }), /absolute path/],
  ];
  for (const [name, programs, places, expected] of cases) {
    test(name, () =>
      withPrograms(programs, (folder) => {
        const before = process.cwd();
        process.chdir(folder);
        const found = findProgram({ setting: '', path: '', home: join(folder, 'home'), ...places(folder) });
        process.chdir(before);
        if (typeof expected === 'string') {
          assert.deepEqual(found, { path: join(folder, expected) });
        } else {
          assert.match('missing' in found ? found.missing : found.path, expected);
        }
      }),
    );
  }

  test('must be executable', () =>
    withPrograms(['a/rondo'], (folder) => {
      chmodSync(join(folder, 'a/rondo'), 0o644);
      assert.ok('missing' in findProgram({ setting: '', path: join(folder, 'a'), home: folder }));
    }));

  test('serves through the daemon unless told otherwise', () => {
    assert.deepEqual(serverArguments(false), ['lsp', '--stdio']);
    assert.deepEqual(serverArguments(true), ['lsp', '--standalone', '--stdio']);
  });
});

describe('the status bar', () => {
  const running = (model: Status['model'], automatic = true): State => ({
    kind: 'running',
    status: { version: '0.1.0', model, index: { state: 'ready', message: '5 files' }, settings: { automatic } },
  });
  const model: Status['model'] = { state: 'ready', name: 'mini', sentence: 'mini: single lines, no chat', larger: 'another: so' };
  const ready = running(model);
  const progress = { title: 'Rondo: reading the workspace', percentage: 40 };
  const cases: [string, State, typeof progress | undefined, string, string?][] = [
    ['no program', { kind: 'not found', sentence: 's' }, undefined, '$(error) Rondo: not found', 'error'],
    ['no server', { kind: 'stopped', sentence: 's' }, undefined, '$(error) Rondo: stopped', 'error'],
    ['starting', { kind: 'starting' }, undefined, '$(loading~spin) Rondo'],
    ['loading', running({ state: 'loading' }), undefined, '$(loading~spin) Rondo: loading the model'],
    ['reading', ready, progress, '$(loading~spin) Rondo: reading the workspace 40%'],
    ['no model', running({ state: 'failed', message: 'm' }), progress, '$(warning) Rondo: no model', 'warning'],
    ['ready', ready, undefined, '$(sparkle) Rondo: mini'],
    ['only when asked', running(model, false), undefined, '$(circle-slash) Rondo: mini (off)'],
  ];
  for (const [name, state, work, text, severity] of cases) {
    test(name, () => {
      const face = faceOf(state, work, '');
      assert.equal(face.text, text);
      assert.equal(face.severity, severity);
    });
  }

  test('says what was read, what the model can do, and how to use another', () =>
    assert.equal(
      faceOf(ready, undefined, '').tooltip,
      'Rondo 0.1.0: ready, 5 files\nmini: single lines, no chat\nanother: so',
    ));

  test('says why nothing was suggested', () =>
    assert.match(faceOf(ready, undefined, 'the file is excluded').tooltip, /nothing, because the file is excluded\n/));
});

describe('the counters', () => {
  test('say shares of what was offered and accepted', () =>
    assert.deepEqual(
      countLines({ offered: 10, accepted: 4, retained: 3, acceptedCharacters: 80, retainedCharacters: 70 }),
      ['10 suggestions offered, 4 accepted (40%), 3 of these unchanged after 30 s (75%)', '80 characters accepted, 70 unchanged'],
    ));

  test('of nothing have no shares', () => assert.match(countLines(noCounts)[0], /^0 suggestions offered, 0 accepted, 0 /));

  test('follow a text that others move', () => {
    assert.equal(moved(10, { offset: 2, length: 3, text: 'x' }), 8);
    assert.equal(moved(10, { offset: 7, length: 3, text: 'more' }), 11);
    assert.equal(moved(10, { offset: 12, length: 3, text: 'x' }), 10);
  });
});

describe('why', () => {
  const why = {
    method: 'textDocument/inlineCompletion',
    position: { line: 24, character: 18 },
    invoked: false,
    suggestions: 1,
    meanLogprob: -0.246,
    promptTokens: 300,
    cachedTokens: 280,
    segmentTokens: 90,
    generatedTokens: 7,
    timings: { totalMs: 61.23, prefillMs: 20, decodeMs: 41.18, queuedMs: 0.01 },
    blocks: [{ path: 'pricing.py', reason: 'defines volume_discount' }],
  };

  test('of a suggestion', () =>
    assert.deepEqual(whyLines(why), [
      'Line 25, asked while typing: 1 suggestions, mean log-probability of the first -0.25',
      '  300 tokens at the cursor (280 known from before), 90 of other Blocks, 7 written',
      '  61.2 ms: prefill 20.0, decode 41.2',
      '  pricing.py: defines volume_discount',
    ]));

  test('of an edit', () => {
    const step = { step: 3, focus: 'names: total', tokens_generated: 9, verdict: 'passed' };
    const edit = { ...why, method: 'codeAction/resolve', invoked: true, promptTokens: 0, blocks: [], loop_steps: [step] };
    assert.deepEqual(whyLines(edit), [
      'Line 25, asked for: an edit was made, in 3 steps',
      '  3 steps, 9 tokens',
      '    3 names: total: passed',
    ]);
  });

  test('of silence', () =>
    assert.deepEqual(whyLines({ ...why, invoked: true, promptTokens: 0, blocks: [], reason: 'the file is excluded' }), [
      'Line 25, asked for: nothing, because the file is excluded',
    ]));

  test('of what the gate saw', () => {
    const gate = { confidence: 37, asked: 66, shown: false };
    assert.deepEqual(whyLines({ ...why, promptTokens: 0, blocks: [], reason: 'the model is unsure', gate }), [
      'Line 25, asked while typing: nothing, because the model is unsure',
      '  the model is 37% sure of its words, 66% are asked for',
    ]);
  });
});

describe('steps', () => {
  const steps = [
    { step: 1, focus: 'draft: return', tokens_generated: 7, verdict: 'passed' },
    { step: 2, focus: 'parse: return a', tokens_generated: 5, verdict: 'repaired' },
  ];

  test('are told with what they looked at', () =>
    assert.deepEqual(stepLines(steps), ['2 steps, 12 tokens', '  1 draft: return: passed', '  2 parse: return a: repaired']));

  test('that were none are not told', () => assert.deepEqual(stepLines([]), []));

  test('of a plan name files and signatures', () =>
    assert.deepEqual(
      planLines({
        name: 'sums',
        language: 'python',
        label: 'A skeleton.',
        files: [{ uri: 'file:///sums.py', path: 'sums.py', signatures: ['def add(a, b):'], test: false }],
      }).slice(0, 3),
      ['sums.py\n\u00a0\u00a0\u00a0\u00a0def add(a, b):', '', 'A skeleton.'],
    ));
});

describe('the manifest', () => {
  const properties: Record<string, { default: unknown }> = manifest.contributes.configuration.properties;

  test('has the options that anybody may set, with their defaults, and five of its own', () => {
    const page = readFileSync(join(source, 'docs/configuration.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \| .* \| anybody \|/gm)];
    const documented = rows.map(([, name, value]) => [`rondo.${name}`, JSON.parse(value)]);
    assert.ok(documented.length > 0);
    assert.deepEqual(serverKeys.map((key) => `rondo.${key}`), documented.map(([name]) => name));
    const own = ['rondo.completeSelectionKey', 'rondo.count', 'rondo.path', 'rondo.standalone', 'rondo.trace.server'];
    const ours = Object.entries(properties).filter(([name]) => !own.includes(name));
    assert.deepEqual(
      ours.map(([name, { default: value }]) => [name, value]),
      documented,
    );
    assert.equal(Object.keys(properties).length, documented.length + own.length);
  });

  test('leaves the choice of the program to the user where the workspace is not trusted', () =>
    assert.deepEqual(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations, [
      'rondo.path',
      'rondo.standalone',
    ]));

  test('has the version of the program', () => {
    const project = readFileSync(join(source, 'CMakeLists.txt'), 'utf8');
    assert.equal(manifest.version, project.match(/project\(rondo VERSION ([\d.]+)/)?.[1]);
  });
});
