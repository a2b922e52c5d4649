// The three flows, each with the number of steps that it takes: typing a line (1), completing what is selected (3),
// generating a module (5). And a daemon that is killed. What the model writes is not looked at, only that it is shown and
// that it is where it was said to be.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { VsCode, until } from './vscode.mjs';

let code;

before(async () => {
  code = await VsCode.start({
    prepare: (folder) => {
      mkdirSync(join(folder, 'lib'));
      writeFileSync(join(folder, 'lib/rates.py'), 'def rate(country):\n    return 20\n');
    },
  });
  await code.status('Rondo: loopcoder-mini');
});
afterEach(async (t) => code.screenshot(`flow-${t.name.replaceAll(/\W+/g, '-')}`));
after(() => code?.stop());

test('a line is typed and completed, in one step', async () => {
  await code.open('checkout.py', 25, 5);
  await code.press('Shift+End', 'Delete');
  await code.type('discount = vol');
  const shown = await code.ghostText();
  await code.why('1 step');
  await code.page.click('.monaco-editor .view-line >> text=discount = vol');
  await code.goTo(25, 5);
  await code.press('Shift+End', 'Delete');
  await code.type('discount = vol');
  await code.ghostText();
  await code.press('Tab');
  assert.match((await code.save('checkout.py'))[24], /^ {4}discount = vol\w/);
  assert.ok(shown.length > 0);
});

test('when the daemon is killed, a suggestion is there again without a word', async () => {
  await code.goTo(25, 5);
  await code.press('Shift+End', 'Delete');
  await code.type('discount = vo');
  const pid = code.daemon();
  const begin = Date.now();
  process.kill(pid, 'SIGKILL');
  await code.type('l');
  await code.ghostText();
  console.log(`ghost text ${((Date.now() - begin) / 1000).toFixed(2)} s after kill -9`);
  await code.press('Escape');
});

test('what is selected is completed by Ctrl+Shift+L, in three steps, and undone by one undo', async () => {
  await code.open('pricing.py', 22, 1);
  const before = await code.text();
  await code.press('Shift+ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowDown', 'Control+Shift+L');
  await until('another text', async () => (await code.text()) !== before);
  await code.screenshot('flow-selection-completed');
  await code.why('an edit was made, in 3 steps');
  await code.press('Control+Z');
  await until('the text from before', async () => (await code.text()) === before);
});

const modulesFiles = (folder) => ['sums.py', 'test_sums.py'].map((name) => join(code.folder, folder, name));
const areGone = (files) => until('no files', () => !files.some(existsSync));

// A question has been asked what the module is: answers it, agrees to the plan, and waits for the files.
async function makeModule(files) {
  await code.answer('sums: add(a, b), mean(values)');
  await code.answer('python');
  const plan = code.page.locator('.monaco-dialog-box');
  await plan.waitFor();
  assert.match(await plan.innerText(), /sums\.py\s+def add\(a, b\):\s+def mean\(values\):\s+(lib\/)?test_sums\.py/);
  await code.screenshot('flow-module-plan');
  assert.deepEqual(files.map(existsSync), [false, false]);
  await plan.locator('a.monaco-button', { hasText: 'Generate' }).click();
  await code.message('bodies written in 5 steps');
  await until('the files', () => files.every((path) => existsSync(path) && readFileSync(path, 'utf8').length > 0));
  await code.screenshot('flow-module-made');
  await code.page.locator('.tab.active', { hasText: 'sums.py' }).waitFor();
}

test('a module is planned, agreed to and made in five steps, and removed by one undo', async () => {
  const files = modulesFiles('.');
  await code.command('Rondo: Generate Module...');
  await makeModule(files);
  await code.page.locator('.editor-group-container.active .view-lines').click();
  await code.press('Control+Z');
  await areGone(files);
  await code.command('Notifications: Clear All Notifications');
});

test('right-clicked, a folder gets a module; a command removes it unless it was changed', async () => {
  const files = modulesFiles('lib');
  await code.page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'lib' }).first().click({ button: 'right' });
  await code.page.locator('.monaco-menu .action-label', { hasText: 'Generate Module...' }).hover();
  await code.press('Enter'); // a click that comes soon counts as that which opened the menu
  await makeModule(files);
  await code.goTo(1, 1);
  await code.type('# ');
  await code.save('lib/sums.py');
  await code.command('Rondo: Remove the Last Generated Module');
  await code.message('a file of the module was changed or has gone; nothing is removed.');
  assert.deepEqual(files.map(existsSync), [true, true]);
  await code.press('Control+Z', 'Control+Z');
  await code.save('lib/sums.py');
  await code.command('Rondo: Remove the Last Generated Module');
  await areGone(files);
});
