// The commands, and the item of the status bar that leads to them.
import {
  type Disposable,
  type LogOutputChannel,
  StatusBarAlignment,
  ThemeColor,
  type Uri,
  commands,
  env,
  window,
  workspace,
} from 'vscode';
import { countLines } from './counters';
import type { Counting } from './counting';
import { completeSelection, generateModule, removeModule } from './modules';
import { installCommand } from './program';
import { type Server, isServed } from './server';
import { isCounting, setAutomatic } from './settings';
import { faceOf } from './state';
import { type Why, whyLines } from './why';

// Why nothing is suggested in the editor, apart from what the server says.
function obstacle(server: Server): string | undefined {
  const document = window.activeTextEditor?.document;
  const { state } = server;
  if (state.kind === 'not found' || state.kind === 'stopped') {
    return state.sentence;
  } else if (!document) {
    return 'No editor is open.';
  } else if (!isServed(document)) {
    return 'This editor shows no file.';
  } else if (!workspace.getConfiguration('editor', document).get('inlineSuggest.enabled')) {
    return 'The setting editor.inlineSuggest.enabled is off.';
  }
  return server.client ? undefined : 'The server is being started.';
}

async function reasons(server: Server): Promise<string[]> {
  const sentence = obstacle(server);
  const { client } = server;
  const document = window.activeTextEditor?.document;
  if (sentence || !client || !document) {
    return [`Nothing is suggested here. ${sentence}`];
  }
  const why = await client.sendRequest<Why | null>('rondo/why', {
    textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(document),
  });
  return why ? whyLines(why) : ['Nothing was asked in this file yet.'];
}

async function showWhy(server: Server, log: LogOutputChannel): Promise<void> {
  const lines = await reasons(server);
  for (const line of lines) {
    log.info(line);
  }
  const details = lines.length > 1 ? ['Show Details'] : [];
  if (await window.showInformationMessage(`Rondo: ${lines[0]}`, ...details)) {
    log.show();
  }
}

async function showMenu(server: Server): Promise<void> {
  const face = faceOf(server.state, server.progress, server.silence);
  const { cancellable } = server;
  const chosen = await window.showQuickPick(
    [
      ...(cancellable ? [{ label: `Cancel: ${cancellable.title}`, command: 'rondo.cancel' }] : []),
      { label: server.automatic ? 'Suggest only when asked' : 'Suggest while typing', command: 'rondo.toggleAutomatic' },
      { label: 'Why was this suggested, or nothing?', command: 'rondo.why' },
      { label: 'Show counters', command: 'rondo.showCounters' },
      { label: 'Restart', command: 'rondo.restart' },
      { label: 'Show log', command: 'rondo.showLog' },
    ],
    { title: 'Rondo', placeHolder: face.tooltip },
  );
  if (chosen) {
    await commands.executeCommand(chosen.command);
  }
}

async function showCounters(counting: Counting): Promise<void> {
  if (!isCounting()) {
    const sentence = 'Rondo counts nothing while the setting rondo.count is off.';
    if (await window.showInformationMessage(sentence, 'Open Setting')) {
      await commands.executeCommand('workbench.action.openSettings', 'rondo.count');
    }
    return;
  }
  const sentence = `Rondo: ${countLines(counting.counts).join('; ')}. This is known on this machine alone.`;
  if (await window.showInformationMessage(sentence, 'Reset')) {
    await counting.reset();
  }
}

export function addCommands(server: Server, counting: Counting, log: LogOutputChannel): Disposable[] {
  const add = (name: string, run: (folder?: Uri) => unknown) => commands.registerCommand(`rondo.${name}`, run);
  return [
    add('suggest', () => commands.executeCommand('editor.action.inlineSuggest.trigger')),
    add('why', () => showWhy(server, log)),
    add('toggleAutomatic', () => setAutomatic(!server.automatic)),
    add('restart', () => server.restart()),
    add('completeSelection', completeSelection),
    add('generateModule', (folder?: Uri) => generateModule(server, log, folder)),
    add('removeModule', removeModule),
    add('cancel', () => server.cancel()),
    add('showCounters', () => showCounters(counting)),
    add('showLog', () => log.show()),
    add('menu', () => showMenu(server)),
  ];
}

export function addStatusBarItem(server: Server): Disposable[] {
  const item = window.createStatusBarItem('rondo', StatusBarAlignment.Right, 100);
  item.name = 'Rondo';
  item.command = 'rondo.menu';
  const draw = () => {
    const { text, tooltip, severity } = faceOf(server.state, server.progress, server.silence);
    item.text = text;
    item.tooltip = tooltip;
    item.backgroundColor = severity && new ThemeColor(`statusBarItem.${severity}Background`);
    void commands.executeCommand('setContext', 'rondo.running', server.state.kind === 'running');
  };
  draw();
  item.show();
  return [item, server.onChange(draw)];
}

// Tells of a server that is not there, once for each time that it is missed.
export function addAlarm(server: Server): Disposable {
  let told = '';
  return server.onChange(async () => {
    const { state } = server;
    const sentence = 'sentence' in state ? state.sentence : '';
    if (sentence === told) {
      return;
    }
    told = sentence;
    if (state.kind === 'not found') {
      const choice = await window.showErrorMessage(`Rondo: ${sentence}`, 'Copy Install Command', 'Set Path');
      if (choice === 'Copy Install Command') {
        await env.clipboard.writeText(`scripts/demo && ${installCommand}`);
      } else if (choice) {
        await commands.executeCommand('workbench.action.openSettings', 'rondo.path');
      }
    } else if (state.kind === 'stopped') {
      const choice = await window.showErrorMessage(sentence, 'Restart', 'Show Log');
      if (choice) {
        await commands.executeCommand(choice === 'Restart' ? 'rondo.restart' : 'rondo.showLog');
      }
    }
  });
}
