// Tells the server where the cursor came to rest, so that it can prepare.
import { type Disposable, type TextEditor, window } from 'vscode';
import { type Server, isServed } from './server';

const restMs = 200;

export function tellCursor(server: Server): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const tell = (editor: TextEditor) => {
    const { client } = server;
    if (client && editor === window.activeTextEditor && isServed(editor.document)) {
      void client.sendNotification(
        'rondo/cursor',
        client.code2ProtocolConverter.asTextDocumentPositionParams(editor.document, editor.selection.active),
      );
    }
  };
  const listener = window.onDidChangeTextEditorSelection(({ textEditor }) => {
    clearTimeout(timer);
    timer = setTimeout(() => tell(textEditor), restMs);
  });
  return {
    dispose: () => {
      clearTimeout(timer);
      listener.dispose();
    },
  };
}
