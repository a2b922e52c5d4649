// What VS Code calls when the extension is switched on and off.
import { type ExtensionContext, window, workspace } from 'vscode';
import { provideAnswers } from './answers';
import { addAlarm, addCommands, addStatusBarItem } from './commands';
import { Counting } from './counting';
import { tellCursor } from './cursor';
import { Server } from './server';

let server: Server | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const log = window.createOutputChannel('Rondo', { log: true });
  const started = (server = new Server(log));
  const counting = new Counting(context.globalState, started);
  context.subscriptions.push(
    log,
    started,
    counting,
    provideAnswers(),
    ...addCommands(started, counting, log),
    ...addStatusBarItem(started),
    addAlarm(started),
    tellCursor(started),
    workspace.onDidChangeConfiguration((event) => event.affectsConfiguration('rondo') && started.follow()),
    workspace.onDidGrantWorkspaceTrust(() => started.follow()),
  );
  await started.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
