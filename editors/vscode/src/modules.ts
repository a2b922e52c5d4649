// Generate Module: asks for a sentence and a language, shows the plan, has the server write it, and makes the files that
// come back. Nothing exists before that, and one undo in one of the files takes all of them back; so does a command.
import { type LogOutputChannel, ProgressLocation, Uri, WorkspaceEdit as Edit, commands, window, workspace } from 'vscode';
import { type LanguageClient, WorkDoneProgress, type WorkspaceEdit } from 'vscode-languageclient/node';
import type { Server } from './server';
import { type LoopStep, type ModulePlan, moduleToken, planLines, stepCount, stepLines } from './steps';

interface Written {
  edit: WorkspaceEdit;
  functions: number;
  written: number;
  notes: string[];
  loop_steps: LoopStep[];
}

interface Order {
  folder: string; // URI
  sentence: string;
  language: string;
}

interface File {
  uri: Uri;
  text: string;
}

const languages = ['python', 'javascript', 'typescript', 'go', 'rust'];

let asked = 0;
let made: File[] = []; // the files of the last module

async function chosenFolder(): Promise<Uri | undefined> {
  const folders = workspace.workspaceFolders ?? [];
  if (folders.length > 1) {
    return (await window.showWorkspaceFolderPick({ placeHolder: 'Where the module will lie' }))?.uri;
  }
  return folders[0]?.uri;
}

async function askForOrder(folder: Uri, sentence: string): Promise<Order | undefined> {
  const said = await window.showInputBox({
    title: 'Generate Module',
    prompt: 'What the module does, or its functions. What stands before a colon names it.',
    placeHolder: 'load price lists and total the lines by region  -  or  prices: load(path), total(lines)',
    value: sentence,
    ignoreFocusOut: true,
  });
  if (!said) {
    return undefined;
  }
  const items = [{ label: 'as most files there', language: '' }, ...languages.map((name) => ({ label: name, language: name }))];
  const chosen = await window.showQuickPick(items, { title: 'Generate Module', placeHolder: 'Language', ignoreFocusOut: true });
  return chosen && { folder: folder.toString(), sentence: said, language: chosen.language };
}

// Asks again as long as the sentence is to be changed. Nothing when the user wants none.
async function agreedOrder(client: LanguageClient, folder: Uri): Promise<Order | undefined> {
  for (let sentence = ''; ; ) {
    const order = await askForOrder(folder, sentence);
    if (!order) {
      return undefined;
    }
    sentence = order.sentence;
    try {
      const plan = await client.sendRequest<ModulePlan>('rondo/modulePlan', order);
      const question = `Generate the module ${plan.name}?`;
      const detail = planLines(plan).join('\n');
      const choice = await window.showInformationMessage(question, { modal: true, detail }, 'Generate', 'Change Sentence');
      if (choice !== 'Change Sentence') {
        return choice && { ...order, language: plan.language };
      }
    } catch (error) {
      await window.showErrorMessage(`Rondo: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function write(client: LanguageClient, order: Order): Thenable<Written> {
  const options = { location: ProgressLocation.Notification, title: 'Rondo: writing the module', cancellable: true };
  return window.withProgress(options, async (progress, cancelled) => {
    const workDoneToken = `${moduleToken}${++asked}`;
    let percent = 0;
    const shown = client.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
      if (value.kind === 'report') {
        const now = value.percentage ?? percent;
        progress.report({ message: value.message, increment: now - percent });
        percent = now;
      }
    });
    try {
      return await client.sendRequest<Written>('rondo/moduleWrite', { ...order, workDoneToken }, cancelled);
    } finally {
      shown.dispose();
    }
  });
}

// Makes the files with their texts, as one thing to be undone. What the server sends, files and then what is inserted into
// each, VS Code undoes one after the other.
function filesAtOnce(files: File[]): Edit {
  const edit = new Edit();
  for (const { uri, text } of files) {
    edit.createFile(uri, { contents: new TextEncoder().encode(text) });
  }
  return edit;
}

async function make(client: LanguageClient, order: Order, log: LogOutputChannel): Promise<void> {
  const written = await write(client, order);
  const edit = await client.protocol2CodeConverter.asWorkspaceEdit(written.edit);
  const files = edit.entries().map(([uri, [change]]) => ({ uri, text: change?.newText ?? '' }));
  const [first] = files;
  if (!first || !(await workspace.applyEdit(filesAtOnce(files)))) {
    return;
  }
  made = files;
  await window.showTextDocument(first.uri, { preview: false });
  const { notes } = written;
  const sentence = `Rondo: ${written.written} of ${written.functions} bodies written in ${stepCount(written.loop_steps)}.`;
  for (const line of [sentence, ...notes, ...stepLines(written.loop_steps)]) {
    log.info(line);
  }
  const choice = await window.showInformationMessage([sentence, ...notes].join(' '), 'Show Steps', 'Remove');
  if (choice === 'Remove') {
    await removeModule();
  } else if (choice) {
    log.show();
  }
}

async function isUnchanged({ uri, text }: File): Promise<boolean> {
  const open = workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  const now = open?.isDirty ? open.getText() : new TextDecoder().decode(await workspace.fs.readFile(uri));
  return now === text;
}

// Removes the files of the last module, unless one of them was changed.
export async function removeModule(): Promise<void> {
  const unchanged = await Promise.all(made.map((file) => isUnchanged(file).catch(() => false)));
  if (made.length === 0 || unchanged.includes(false)) {
    const sentence = made.length === 0 ? 'no module was generated here.' : 'a file of the module was changed or has gone; nothing is removed.';
    await window.showWarningMessage(`Rondo: ${sentence}`);
    return;
  }
  const edit = new Edit();
  for (const { uri } of made) {
    edit.deleteFile(uri);
  }
  made = (await workspace.applyEdit(edit)) ? [] : made;
}

// `folder`: the one that was clicked.
export async function generateModule(server: Server, log: LogOutputChannel, folder?: Uri): Promise<void> {
  const { client } = server;
  const where = folder instanceof Uri ? folder : await chosenFolder();
  if (!client || !where) {
    await window.showErrorMessage(client ? 'Rondo: open a folder first.' : 'Rondo: the server is not running.');
    return;
  }
  try {
    const order = await agreedOrder(client, where);
    if (order) {
      await make(client, order, log);
    }
  } catch (error) {
    await window.showErrorMessage(`Rondo: ${error instanceof Error ? error.message : error}`);
  }
}

// Completes or rewrites what is selected: the server's code actions of that kind, one at once, several as a menu.
export async function completeSelection(): Promise<void> {
  await commands.executeCommand('editor.action.codeAction', {
    kind: 'refactor.rewrite.rondo.completeSelection',
    apply: 'ifSingle',
  });
}
