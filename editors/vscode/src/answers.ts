// What actions answer with that edit nothing (explain, review): Markdown, shown as VS Code previews it.
import { type Disposable, Uri, commands, window, workspace } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';

export interface Answer {
  title: string;
  markdown: string;
}

const scheme = 'rondo-answer';
const maxKept = 10;

const texts = new Map<string, string>(); // by the path of the document's URI; the newest last
let count = 0;

export function isAnswer(result: unknown): result is Answer {
  return typeof (result as Answer | null)?.markdown === 'string';
}

export function provideAnswers(): Disposable {
  return workspace.registerTextDocumentContentProvider(scheme, {
    provideTextDocumentContent: (uri) => texts.get(uri.path) ?? '*This answer was not kept.*',
  });
}

export async function showAnswer({ title, markdown }: Answer): Promise<void> {
  const uri = Uri.from({ scheme, path: `/${title} ${++count}.md` });
  texts.set(uri.path, markdown);
  for (const path of [...texts.keys()].slice(0, -maxKept)) {
    texts.delete(path);
  }
  try {
    await commands.executeCommand('markdown.showPreviewToSide', uri);
  } catch {
    await window.showTextDocument(uri, { preview: true }); // VS Code's own Markdown extension is switched off
  }
}

// Tells the server that answers are shown, so that it sends no message with them.
export function announceAnswers(client: LanguageClient): void {
  client.registerFeature({
    fillClientCapabilities: (capabilities) => {
      capabilities.experimental = { ...capabilities.experimental, rondoAnswers: true };
    },
    initialize: () => {},
    getState: () => ({ kind: 'static' }),
    clear: () => {},
  });
}
