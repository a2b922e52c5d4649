// The server process and the client that speaks with it: found, started, started again when it dies.
import { type ChildProcess, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Disposable,
  EventEmitter,
  type InlineCompletionItem,
  type InlineCompletionList,
  type LogOutputChannel,
  type TextDocument,
  languages,
} from 'vscode';
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  State as ClientState,
} from 'vscode-languageclient/node';
import { announceAnswers, isAnswer, showAnswer } from './answers';
import { findProgram, serverArguments } from './program';
import { launchSettings, serverSettings } from './settings';
import type { Progress, State, Status } from './state';
import { moduleToken } from './steps';
import type { Why } from './why';

const selector = [{ scheme: 'file' }, { scheme: 'untitled' }];

// More deaths than this in so many minutes, and it stays dead.
const maxRestarts = 4;
const restartMinutes = 3;

const settingsRestMs = 500;

type Answer = InlineCompletionItem[] | InlineCompletionList | null | undefined;

export function itemsOf(answer: Answer): InlineCompletionItem[] {
  return Array.isArray(answer) ? answer : (answer?.items ?? []);
}

export function isServed(document: TextDocument): boolean {
  return languages.match(selector, document) > 0;
}

// One client, from start() to stop(). The process is ours, so that one that never answers can be ended, too.
class Connection {
  readonly client: LanguageClient;
  #process: ChildProcess | undefined;
  #isWanted = true;
  #deaths: number[] = [];

  constructor(program: string, args: string[], options: LanguageClientOptions) {
    const start = async () => (this.#process = spawn(program, args, { cwd: homedir() }));
    this.client = new LanguageClient('rondo', 'Rondo', start, {
      ...options,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue }),
        closed: () => this.#closed(),
      },
    });
    announceAnswers(this.client);
  }

  // Whether the server's end is final is said by #closed(), so the client need not show it.
  #closed(): CloseHandlerResult {
    const now = Date.now();
    this.#deaths = [...this.#deaths.filter((then) => now - then < restartMinutes * 60_000), now];
    const again = this.#isWanted && this.#deaths.length <= maxRestarts;
    return { action: again ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true };
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    try {
      await this.client.stop();
    } catch {
      // It was not running, or did not answer.
    }
    this.#process?.kill();
  }
}

export class Server implements Disposable {
  readonly #log: LogOutputChannel;
  readonly #changed = new EventEmitter<void>();
  readonly #progress = new Map<string | number, Progress>();
  #connection: Connection | undefined;
  #launched = ''; // what was started, to see whether settings would start something else
  #turn: Promise<void> = Promise.resolve(); // starts and stops, one after the other
  #state: State = { kind: 'starting' };
  #again: NodeJS.Timeout | undefined;
  #following: NodeJS.Timeout | undefined;
  #silence = '';

  // State, progress or silence has changed.
  readonly onChange = this.#changed.event;
  // What is to be known of each answer with suggestions, before VS Code has it.
  onOffer: (document: TextDocument, items: InlineCompletionItem[]) => void = () => {};

  constructor(log: LogOutputChannel) {
    this.#log = log;
  }

  get state(): State {
    return this.#state;
  }

  // The newest work that is not done.
  get progress(): Progress | undefined {
    return [...this.#progress.values()].at(-1);
  }

  // Why the last question was answered with nothing; empty when it was not.
  get silence(): string {
    return this.#silence;
  }

  // Whether suggestions come while typing, by all that configures Rondo.
  get automatic(): boolean {
    return this.#state.kind !== 'running' || this.#state.status.settings.automatic;
  }

  // Work that the user may end: the newest.
  get cancellable(): { token: string | number; title: string } | undefined {
    const found = [...this.#progress].reverse().find(([, { cancellable }]) => cancellable);
    return found && { token: found[0], title: found[1].title };
  }

  async cancel(): Promise<void> {
    const work = this.cancellable;
    if (work) {
      await this.client?.sendNotification('window/workDoneProgress/cancel', { token: work.token });
    }
  }

  // The client, when it can be asked.
  get client(): LanguageClient | undefined {
    const client = this.#connection?.client;
    return client?.state === ClientState.Running ? client : undefined;
  }

  // Starts the program that the settings name, in place of what is running.
  restart(): Promise<void> {
    return (this.#turn = this.#turn.then(async () => {
      await this.#stop();
      this.#start();
    }));
  }

  // The same if the settings name another program than is running, once they have come to rest: while VS Code writes
  // them, they are empty for a moment.
  follow(): void {
    clearTimeout(this.#following);
    this.#following = setTimeout(async () => {
      await this.#turn;
      if (JSON.stringify(launchSettings()) !== this.#launched) {
        await this.restart();
      }
    }, settingsRestMs);
  }

  stop(): Promise<void> {
    return (this.#turn = this.#turn.then(() => this.#stop()));
  }

  dispose(): void {
    clearTimeout(this.#following);
    void this.stop();
    this.#changed.dispose();
  }

  async #stop(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    clearTimeout(this.#again);
    this.#progress.clear();
    await connection?.stop();
  }

  #start(): void {
    const { path: setting, standalone } = launchSettings();
    this.#launched = JSON.stringify({ path: setting, standalone });
    const program = findProgram({ setting, path: process.env.PATH ?? '', home: homedir() });
    if ('missing' in program) {
      this.#log.error(program.missing);
      return this.#become({ kind: 'not found', sentence: program.missing });
    }
    const args = serverArguments(standalone);
    this.#log.info(`Starting ${[program.path, ...args].join(' ')}`);
    this.#become({ kind: 'starting' });
    const connection = new Connection(program.path, args, this.#options());
    this.#connection = connection;
    connection.client.onDidChangeState(({ newState }) => {
      if (this.#connection === connection) {
        this.#clientIs(newState);
      }
    });
    // What went wrong is in the log; the state says that it did.
    connection.client.start().catch((error) => this.#log.error(String(error)));
  }

  #options(): LanguageClientOptions {
    return {
      documentSelector: selector,
      initializationOptions: serverSettings(),
      synchronize: { configurationSection: 'rondo' },
      outputChannel: this.#log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      middleware: {
        workspace: {
          // Once they have come to rest; then the server has them before it is asked how it is.
          configuration: async ({ items }) => {
            await pause(settingsRestMs);
            this.#refreshSoon(100);
            return items.map(({ section }) => (section === 'rondo' ? serverSettings() : null));
          },
        },
        executeCommand: async (command, args, next) => {
          const result = await next(command, args);
          if (isAnswer(result)) {
            await showAnswer(result);
          }
          return result;
        },
        provideInlineCompletionItems: async (document, position, context, token, next) => {
          const answer = await next(document, position, context, token);
          void this.#answered(document, answer);
          return answer;
        },
        // In our own item of the status bar, not beside it.
        handleWorkDoneProgress: (token, params, next) => {
          if (String(token).startsWith(moduleToken)) {
            next(token, params);
            return;
          }
          if (params.kind === 'end') {
            this.#progress.delete(token);
            void this.#refresh();
          } else {
            this.#progress.set(token, { ...(this.#progress.get(token) ?? { title: 'Rondo' }), ...params });
          }
          this.#changed.fire();
        },
      },
    };
  }

  #clientIs(state: ClientState): void {
    this.#progress.clear();
    if (state === ClientState.Running) {
      void this.#refresh();
    } else if (state === ClientState.Starting) {
      this.#become({ kind: 'starting' });
    } else {
      this.#become({ kind: 'stopped', sentence: 'The Rondo server has ended or could not be started; the log says why.' });
    }
  }

  // Asks how the server is, and again while its model is being loaded: it does not tell of everything by itself.
  async #refresh(): Promise<void> {
    const client = this.client;
    clearTimeout(this.#again);
    try {
      const status = await client?.sendRequest<Status>('rondo/status', {});
      if (status && client === this.client) {
        this.#become({ kind: 'running', status });
        if (status.model.state === 'loading') {
          this.#refreshSoon(1000);
        }
      }
    } catch (error) {
      this.#log.error(`rondo/status: ${error}`);
    }
  }

  #refreshSoon(ms: number): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => void this.#refresh(), ms);
  }

  // A null answer means that the question is not wanted any more, and says nothing.
  async #answered(document: TextDocument, answer: Answer): Promise<void> {
    const items = itemsOf(answer);
    let silence = '';
    if (items.length > 0) {
      this.onOffer(document, items);
    } else if (answer) {
      const { client } = this;
      const textDocument = client?.code2ProtocolConverter.asTextDocumentIdentifier(document);
      const why = await client?.sendRequest<Why | null>('rondo/why', { textDocument }).catch(() => null);
      silence = why?.reason ?? '';
    } else {
      return;
    }
    if (silence !== this.#silence) {
      this.#silence = silence;
      // A file that configures Rondo may have changed.
      this.#refreshSoon(0);
    }
  }

  #become(state: State): void {
    this.#state = state;
    this.#changed.fire();
  }
}
