// A real VS Code (code-server) with the extension, in a folder of its own, and a browser that shows it.
import { chromium } from 'playwright-core';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const source = new URL('../../..', import.meta.url).pathname;
const seconds = 60; // for a slow machine that does other things, too

function needed(name) {
  if (!process.env[name]) throw new Error(`${name} is not set`);
  return process.env[name];
}

// Waits until `probe` returns something.
export async function until(what, probe) {
  for (const end = Date.now() + seconds * 1000; ; await pause(100)) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'editor.accessibilitySupport': 'off',
  'git.enabled': false,
  'files.autoSave': 'off',
  'security.workspace.trust.startupPrompt': 'never',
  'editor.wordBasedSuggestions': 'off', // while a menu is shown, Tab accepts its entry
};

export class VsCode {
  // `trust`: VS Code cares whether a workspace is trusted, and this one is not. `prepare` may add to the workspace,
  // `settings` to the user's.
  static async start({ trust = false, prepare = () => {}, settings = {} }) {
    const self = new VsCode();
    self.home = mkdtempSync(join(tmpdir(), 'rondo-vscode-'));
    self.env = { PATH: process.env.PATH, HOME: self.home, LANG: 'C.UTF-8', XDG_RUNTIME_DIR: join(self.home, 'run') };
    self.folder = join(self.home, 'shop');
    self.program = join(self.home, '.local/bin/rondo');
    for (const name of ['.local/bin', 'data/User', 'data/Machine', 'extensions', 'run']) {
      mkdirSync(join(self.home, name), { recursive: true, mode: 0o700 });
    }
    symlinkSync(needed('RONDO_PROGRAM'), self.program);
    cpSync(join(source, 'samples/shop'), self.folder, { recursive: true });
    prepare(self.folder, self.home);
    writeFileSync(join(self.home, 'data/User/settings.json'), JSON.stringify({ ...quietSettings, ...settings }));
    await self.#serve(trust);
    await self.#show();
    return self;
  }

  // Writes the settings of this machine, where those that name a program belong; VS Code follows.
  setForMachine(settings) {
    writeFileSync(join(this.home, 'data/Machine/settings.json'), JSON.stringify(settings));
  }

  async #serve(trust) {
    const port = await freePort();
    const config = join(this.home, 'config.yaml');
    writeFileSync(config, 'cert: false\n');
    const { home, env } = this;
    const args = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, '--config', config, '--user-data-dir', `${home}/data`];
    args.push('--extensions-dir', `${home}/extensions`, '--disable-telemetry', '--disable-update-check');
    if (!trust) args.push('--disable-workspace-trust');
    const server = needed('CODE_SERVER');
    execFileSync(server, [...args, '--install-extension', needed('RONDO_VSIX')], { env, stdio: 'pipe' });
    this.process = spawn(server, args, { env, stdio: 'ignore', detached: true });
    this.url = `http://127.0.0.1:${port}`;
    await until('code-server', () => fetch(`${this.url}/healthz`).then((answer) => answer.ok, () => false));
  }

  async #show() {
    this.browser = await chromium.launch({
      executablePath: needed('CHROMIUM'),
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    });
    this.page = await this.browser.newPage({ viewport: { width: 1100, height: 640 } });
    await this.page.goto(`${this.url}/?folder=${this.folder}`, { waitUntil: 'domcontentloaded' });
    await this.page.waitForSelector('.monaco-workbench', { timeout: seconds * 1000 });
  }

  async stop() {
    await this.browser?.close();
    try {
      process.kill(-this.process.pid);
    } catch {
      // It has ended by itself.
    }
    await until('the servers to end', () => this.servers().length === 0);
    execFileSync(this.program, ['daemon', 'stop'], { env: this.env, stdio: 'ignore' });
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  // The language servers that this editor has started: their process ids.
  servers() {
    const isServer = (pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${this.program}\0lsp`);
      } catch {
        return false;
      }
    };
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter(isServer).map(Number);
  }

  // The process id of the daemon.
  daemon() {
    return Number(execFileSync(this.program, ['status'], { env: this.env, encoding: 'utf8' }).match(/process (\d+)/)[1]);
  }

  // Until Rondo has an open file: of what is typed before, VS Code asks nobody.
  hasFile() {
    const clients = () => JSON.parse(execFileSync(this.program, ['status', '--json'], { env: this.env, encoding: 'utf8' })).clients;
    return until('Rondo to have an open file', async () => clients().some((client) => client.documents > 0));
  }

  // ---- what a person does --------------------------------------------------------------------------------------------

  press(...keys) {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  type(text) {
    return this.page.keyboard.type(text, { delay: 30 });
  }

  // Types `text` into the box that `key` opens, and presses Enter once `entry` is the first of its list. Then the box is
  // gone, or is another's already.
  async #pick(key, text, entry) {
    await this.press(key);
    await this.page.waitForSelector('.quick-input-widget:visible input');
    await this.page.keyboard.type(text);
    const first = this.page.locator('.quick-input-list .monaco-list-row').first();
    await first.filter({ hasText: entry }).waitFor({ timeout: seconds * 1000 });
    await this.press('Enter');
    const box = this.page.locator('.quick-input-widget:visible input.input');
    await until(`an end of ${text}`, async () => !(await box.evaluateAll((all, typed) => all.some(({ value }) => value === typed), text)));
  }

  command(name) {
    return this.#pick('F1', `>${name}`, name);
  }

  async open(file, line, column) {
    await this.#pick('Control+P', `${file}`, file);
    await this.page.locator('.tab.active', { hasText: file }).waitFor({ timeout: seconds * 1000 });
    await this.goTo(line, column);
  }

  async goTo(line, column) {
    await this.#pick('Control+G', `:${line}:${column}`, '');
    await until(`line ${line}, column ${column}`, async () => (await this.page.textContent('.statusbar')).includes(`Ln ${line}, Col ${column}`));
  }

  // Types `text` into the box that is shown, and takes it.
  async answer(text) {
    await this.page.waitForSelector('.quick-input-widget:visible input');
    await this.page.keyboard.type(text);
    await this.press('Enter');
    await this.page.waitForTimeout(300); // before the next box takes its place
  }

  // What the editor shows of its text: its lines, in the order of their letters, since the page has them in any. Blanks
  // of what is selected are shown as dots.
  async text() {
    const lines = await this.page.locator('.editor-group-container.active .view-lines .view-line').allInnerTexts();
    return lines.map((line) => line.replaceAll(/[\u00a0\u00b7\u200c]/g, ' ').trimEnd()).sort().join('\n');
  }

  // The lines of the file, which was changed, as they are on disk then.
  async save(file) {
    await this.page.waitForSelector('.tab.active.dirty');
    await this.press('Control+S');
    await this.page.waitForSelector('.tab.active.dirty', { state: 'detached' });
    return readFileSync(join(this.folder, file), 'utf8').split('\n');
  }

  // ---- what a person sees --------------------------------------------------------------------------------------------

  // The suggestion in the text, once there is one.
  async ghostText() {
    const all = this.page.locator('.view-line [class*="ghost-text-decoration"]');
    return until('ghost text', async () => (await all.allTextContents()).join('').replaceAll('\u00a0', ' ')).catch(async (error) => {
      await this.command('Rondo: Why Was This Suggested, or Nothing?');
      const why = await this.page.locator('.notification-toast', { hasText: 'asked' }).first().innerText();
      throw new Error(`${error.message}; ${why}`);
    });
  }

  async isSuggesting() {
    return (await this.page.locator('.view-line [class*="ghost-text-decoration"]').count()) > 0;
  }

  item() {
    return this.page.locator('.statusbar-item[id="rondo.rondo.rondo"]');
  }

  // Waits until the status bar says `text`.
  async status(text) {
    let seen;
    await until(`"${text}" in the status bar`, async () => {
      seen = (await this.item().count()) > 0 ? (await this.item().innerText()).trim() : '';
      return seen === text;
    }).catch((error) => {
      throw new Error(`${error.message}; it says "${seen}"`);
    });
  }

  // Waits until what the item of the status bar says to who points at it has `text`.
  async tooltip(text) {
    await until(`"${text}" behind the status bar`, async () => (await this.item().getAttribute('aria-label')).includes(text));
  }

  // Does `what` and asks why until the answer says `text`: what was typed last may not be answered yet.
  async why(text, what = () => {}) {
    let said;
    await until(`"${text}" as the reason`, async () => {
      await what();
      await this.command('Notifications: Clear All Notifications');
      await this.command('Rondo: Why Was This Suggested, or Nothing?');
      const toast = this.page.locator('.notification-toast', { hasText: 'Rondo: ' }).first();
      said = await toast.innerText({ timeout: 10_000 }).catch(() => 'nothing');
      return said.includes(text);
    }).catch((error) => {
      throw new Error(`${error.message}; it says "${said}"`);
    });
    await this.command('Notifications: Clear All Notifications');
  }

  async message(text) {
    await this.page.locator('.notification-toast', { hasText: text }).first().waitFor({ timeout: seconds * 1000 });
  }

  // Of the whole window, or of a part.
  async screenshot(name, clip) {
    mkdirSync(needed('SCREENSHOTS'), { recursive: true });
    await this.page.screenshot({ path: join(needed('SCREENSHOTS'), `${name}.png`), clip });
  }

  exists(path) {
    return existsSync(join(this.home, path));
  }
}
