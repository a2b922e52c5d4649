// Counts suggestions while the setting rondo.count is on. VS Code tells of a suggestion that was accepted as a whole, by
// the command that it carries; not of words and lines.
import { type Disposable, type InlineCompletionItem, type Memento, type TextDocument, commands, workspace } from 'vscode';
import { type Counts, moved, noCounts, retainMs } from './counters';
import type { Server } from './server';
import { isCounting } from './settings';

const key = 'counts';

export class Counting implements Disposable {
  readonly #memory: Memento;
  readonly #kept: Disposable[];
  readonly #watched = new Set<Disposable>();

  constructor(memory: Memento, server: Server) {
    this.#memory = memory;
    server.onOffer = (document, items) => this.#offered(document, items);
    this.#kept = [
      commands.registerCommand('rondo.accepted', (document: TextDocument, offset: number, text: string) =>
        this.#accepted(document, offset, text),
      ),
    ];
  }

  get counts(): Counts {
    return { ...noCounts, ...this.#memory.get<Partial<Counts>>(key) };
  }

  reset(): Thenable<void> {
    return this.#memory.update(key, undefined);
  }

  dispose(): void {
    for (const each of [...this.#kept, ...this.#watched]) {
      each.dispose();
    }
  }

  #add(more: Partial<Counts>): void {
    const sum = this.counts;
    for (const name of Object.keys(more) as (keyof Counts)[]) {
      sum[name] += more[name] ?? 0;
    }
    void this.#memory.update(key, sum);
  }

  // Has items tell when they are accepted.
  #offered(document: TextDocument, items: InlineCompletionItem[]): void {
    if (!isCounting()) {
      return;
    }
    this.#add({ offered: 1 });
    for (const item of items) {
      if (item.range && typeof item.insertText === 'string') {
        const offset = document.offsetAt(item.range.start);
        item.command = { title: 'Rondo', command: 'rondo.accepted', arguments: [document, offset, item.insertText] };
      }
    }
  }

  // `text` stands at `offset` now. Looks again after a while, wherever it has moved to.
  #accepted(document: TextDocument, offset: number, text: string): void {
    const written = text.replaceAll('\r\n', '\n');
    this.#add({ accepted: 1, acceptedCharacters: written.length });
    let now = offset;
    const changes = workspace.onDidChangeTextDocument((event) => {
      if (event.document === document) {
        now = event.contentChanges.reduce(
          (at, { rangeOffset, rangeLength, text: put }) => moved(at, { offset: rangeOffset, length: rangeLength, text: put }),
          now,
        );
      }
    });
    const look = setTimeout(() => {
      if (document.getText().slice(now).replaceAll('\r\n', '\n').startsWith(written)) {
        this.#add({ retained: 1, retainedCharacters: written.length });
      }
      watch.dispose();
    }, retainMs);
    const watch = {
      dispose: () => {
        clearTimeout(look);
        changes.dispose();
        this.#watched.delete(watch);
      },
    };
    this.#watched.add(watch);
  }
}
