// The whole way: VS Code, the packaged extension, the program and its embedded model, in a copy of samples/shop. What
// the model suggests is not looked at, only that it is shown, and inserted as it was shown.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { VsCode, until } from './vscode.mjs';

let code;

// Types the end of line 25 again.
async function typeAgain() {
  await code.goTo(25, 5);
  await code.press('Shift+End', 'Delete');
  await code.type('discount = vol');
}

before(async () => {
  code = await VsCode.start({ settings: { 'rondo.count': true } });
});
afterEach(async (t) => code.screenshot(t.name.replaceAll(/\W+/g, '-')));
after(() => code?.stop());

test('the server is found in ~/.local/bin and its model gets ready', async () => {
  await code.status('Rondo: loopcoder-mini');
  await code.tooltip('loopcoder-mini: single lines, no chat');
  await code.tooltip('another model: {');
});

test('what is suggested while typing is accepted with Tab as it was shown', async () => {
  await code.open('checkout.py', 25, 19);
  await code.hasFile();
  await code.type('u');
  const shown = await code.ghostText();
  await code.screenshot('ghost-text', { x: 322, y: 295, width: 690, height: 175 }); // docs/vscode.png
  await code.press('Tab');
  const lines = await code.save('checkout.py');
  assert.equal(lines[24], `    discount = volu${shown}`);
});

test('a word is accepted, and the rest stays', async () => {
  await typeAgain();
  const shown = await code.ghostText();
  await code.press('Control+ArrowRight');
  const word = shown.match(/^\w+/)[0];
  assert.equal((await code.save('checkout.py'))[24], `    discount = vol${word}`);
  assert.equal(await code.ghostText(), shown.slice(word.length));
  await code.press('Escape');
  await until('no ghost text', async () => !(await code.isSuggesting()));
});

test('why is answered', () => code.why('Line 25, asked while typing: 1 suggestions'));

test('asked for, there may be several', async () => {
  await typeAgain();
  await code.ghostText();
  await code.command('Rondo: Suggest at the Cursor');
  const first = await code.ghostText();
  await until('another suggestion', async () => {
    await code.press('Alt+BracketRight');
    return (await code.ghostText()) !== first;
  });
  await code.press('Escape');
});

test('what is accepted and kept is counted', async () => {
  const counted = (what) =>
    until(`counters of ${what}`, async () => {
      await code.command('Notifications: Clear All Notifications');
      await code.command('Rondo: Show Counters');
      return what.test(await code.page.locator('.notification-toast', { hasText: 'Rondo' }).first().innerText());
    });
  await counted(/\b1 accepted.*\b0 of these unchanged after 30 s/);
  await typeAgain();
  await code.ghostText();
  await code.press('Tab');
  await counted(/\b2 accepted.*\b1 of these unchanged after 30 s/);
  await code.screenshot('counters');
  await code.command('Notifications: Clear All Notifications');
});

test('switched off by the menu, it suggests only when asked', async () => {
  await code.item().click();
  await code.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Suggest only when asked' }).click();
  await code.status('Rondo: loopcoder-mini (off)');
  await code.why('nothing, because suggestions while typing are switched off', typeAgain);
  await code.tooltip('answered with nothing, because suggestions while typing are switched off');
  assert.equal(await code.isSuggesting(), false);
  await code.page.click('.monaco-editor .view-line >> text=discount = vol');
  await code.goTo(25, 19);
  await code.command('Rondo: Suggest at the Cursor');
  await code.ghostText();
  await code.press('Escape');
  await code.command('Rondo: Toggle Suggestions While Typing');
  await code.status('Rondo: loopcoder-mini');
});

test('when the server is killed, another takes its place', async () => {
  const [pid] = code.servers();
  process.kill(pid, 'SIGKILL');
  await until('another server', () => code.servers().some((other) => other !== pid));
  await code.status('Rondo: loopcoder-mini');
  await typeAgain();
  await code.ghostText();
});

test('when the daemon is killed, the editor does not notice', async () => {
  const servers = code.servers();
  const pid = code.daemon();
  process.kill(pid, 'SIGKILL');
  await typeAgain();
  await code.ghostText();
  assert.notEqual(code.daemon(), pid);
  assert.deepEqual(code.servers(), servers);
});

test('a path that names no program is said, and a better one is taken at once', async () => {
  code.setForMachine({ 'rondo.path': '/nowhere/rondo' });
  await code.status('Rondo: not found');
  await code.message("'/nowhere/rondo' of the setting rondo.path is not the absolute path of a program");
  assert.deepEqual(code.servers(), []);
  await code.screenshot('not-found');
  code.setForMachine({ 'rondo.path': '~/.local/bin/rondo', 'rondo.standalone': true });
  await code.status('Rondo: loopcoder-mini');
  assert.match(readFileSync(`/proc/${code.servers()[0]}/cmdline`, 'utf8'), /\0lsp\0--standalone\0--stdio\0$/);
});
