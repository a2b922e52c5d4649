// What the server sends, as the protocol's own types say it: the schema that client.mjs checks
// every message against is made from these.
import type * as lsp from 'vscode-languageserver-protocol';

export interface Messages {
  'initialize': lsp.InitializeResult;
  'textDocument/inlineCompletion': lsp.InlineCompletionList | lsp.InlineCompletionItem[] | null;
  'textDocument/completion': lsp.CompletionList | lsp.CompletionItem[] | null;
  'textDocument/codeAction': (lsp.Command | lsp.CodeAction)[] | null;
  'codeAction/resolve': lsp.CodeAction;
  'workspace/applyEdit': lsp.ApplyWorkspaceEditParams;
  'shutdown': null;
  'window/showMessage': lsp.ShowMessageParams;
  'window/workDoneProgress/create': lsp.WorkDoneProgressCreateParams;
  '$/progress': {
    token: lsp.ProgressToken;
    value: lsp.WorkDoneProgressBegin | lsp.WorkDoneProgressReport | lsp.WorkDoneProgressEnd;
  };
  'client/registerCapability': lsp.RegistrationParams;
  'workspace/configuration': lsp.ConfigurationParams;
}
