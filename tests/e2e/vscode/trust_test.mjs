// A workspace that is not trusted does not choose the program; once trusted, it does.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { VsCode, until } from './vscode.mjs';

let code;

before(async () => {
  const prepare = (folder, home) => {
    mkdirSync(`${folder}/.vscode`);
    writeFileSync(`${folder}/evil`, `#!/bin/sh\ntouch ${home}/started\n`);
    chmodSync(`${folder}/evil`, 0o755);
    writeFileSync(`${folder}/.vscode/settings.json`, JSON.stringify({ 'rondo.path': `${folder}/evil` }));
  };
  code = await VsCode.start({ trust: true, prepare });
});
after(() => code?.stop());

test("the workspace's program is not started, the user's is", async () => {
  await code.status('Rondo: loopcoder-mini');
  assert.equal(await code.page.locator('.statusbar', { hasText: 'Restricted Mode' }).count(), 1);
  assert.equal(code.servers().length, 1);
  assert.equal(code.exists('started'), false);
  await code.screenshot('restricted');
});

test('trusted, it is what the workspace says', async () => {
  await code.command('Workspaces: Manage Workspace Trust');
  await code.page.locator('.workspace-trust-editor a.monaco-button', { hasText: /^Trust/ }).first().click();
  await until('the program of the workspace', () => code.exists('started'));
});
