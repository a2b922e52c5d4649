// An editor's own library talks to the server, and every message is checked against the protocol's
// own types. It runs where its packages are installed, see CMakeLists.txt beside this folder.
// usage: node client.mjs RONDO MODEL FOLDER
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const lsp = require('vscode-languageserver-protocol/node');
const { Ajv } = require('ajv');
const { createGenerator } = await import('ts-json-schema-generator');

const [rondo, model, folder] = process.argv.slice(2);

const schema = createGenerator({ path: 'messages.ts', tsconfig: 'tsconfig.json', type: 'Messages', skipTypeCheck: true })
  .createSchema('Messages');
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(schema, 'protocol');
const seen = new Set();
function check(method, message) {
  const key = encodeURIComponent(method.replaceAll('~', '~0').replaceAll('/', '~1'));
  const validate = ajv.getSchema(`protocol#/definitions/Messages/properties/${key}`);
  assert.ok(validate, `no schema for ${method}`);
  assert.ok(validate(message), `${method}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(message)}`);
  seen.add(method);
  return message;
}
// The schema tells good from bad.
assert.throws(() => check('window/showMessage', { type: 2 }));
assert.throws(() => check('textDocument/inlineCompletion', { items: [{ insertText: 'x', extra: 1 }] }));
assert.throws(() => check('textDocument/completion', { items: [{ label: 'x' }] }));
assert.throws(() => check('codeAction/resolve', { title: 'x', edit: { documentChanges: [{ edits: [] }] } }));
seen.clear();

const server = spawn(rondo, ['lsp', '--standalone', '--stdio', `--clientProcessId=${process.pid}`, '--model', model],
  { stdio: ['pipe', 'pipe', 'inherit'] });
const exited = new Promise(resolve => server.on('exit', resolve));
const connection = lsp.createProtocolConnection(
  new lsp.StreamMessageReader(server.stdout), new lsp.StreamMessageWriter(server.stdin));
connection.onError(error => assert.fail(`the connection failed: ${error}`));
connection.onNotification(lsp.ShowMessageNotification.type, params => check('window/showMessage', params));
connection.onNotification('$/progress', params => check('$/progress', params));
connection.onRequest(lsp.WorkDoneProgressCreateRequest.type, params => {
  check('window/workDoneProgress/create', params);
});
connection.onRequest(lsp.RegistrationRequest.type, params => { check('client/registerCapability', params); });
let configured;
const configuration = new Promise((resolve) => { configured = resolve; });
connection.onRequest(lsp.ConfigurationRequest.type, params => {
  check('workspace/configuration', params);
  setImmediate(configured);  // the answer goes first
  return params.items.map(() => ({ candidates: 2 }));
});
let applied;
connection.onRequest(lsp.ApplyWorkspaceEditRequest.type, params => {
  applied = check('workspace/applyEdit', params);
  return { applied: true };
});
connection.listen();
const ask = async (type, params, token) => check(type.method, await connection.sendRequest(type, params, token));

const initialized = await ask(lsp.InitializeRequest.type, {
  processId: process.pid, rootUri: null,
  workspaceFolders: [{ uri: pathToFileURL(folder).href, name: 'workspace' }],
  initializationOptions: { completionMenu: true },
  capabilities: {
    general: { positionEncodings: ['utf-8', 'utf-16'] },
    window: { workDoneProgress: true },
    workspace: {
      applyEdit: true, workspaceEdit: { documentChanges: true, changeAnnotationSupport: {} }, configuration: true, workspaceFolders: true,
      didChangeConfiguration: { dynamicRegistration: true }, didChangeWatchedFiles: { dynamicRegistration: true },
    },
    textDocument: {
      inlineCompletion: {},
      codeAction: {
        codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix', 'refactor'] } },
        dataSupport: true, disabledSupport: true, resolveSupport: { properties: ['edit'] },
      },
      completion: { completionItem: { insertTextModeSupport: { valueSet: [1, 2] } } },
    },
  },
});
assert.equal(initialized.capabilities.positionEncoding, 'utf-16');
await connection.sendNotification(lsp.InitializedNotification.type, {});
await configuration;

const uri = pathToFileURL(join(folder, 'client_test.py')).href;  // it is open, not on disk
const text = '# 😀\ndef area(width, height):\n    return width * \n';
await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type,
  { textDocument: { uri, languageId: 'python', version: 1, text } });
const place = { textDocument: { uri }, position: { line: 2, character: 19 } };
const { Invoked, Automatic } = lsp.InlineCompletionTriggerKind;

const suggested = await ask(lsp.InlineCompletionRequest.type, { ...place, context: { triggerKind: Invoked } });
assert.ok(suggested.items.length >= 1 && suggested.items.length <= 2, JSON.stringify(suggested));
for (const item of suggested.items) {
  assert.equal(item.range.start.line, 2);
  assert.equal(item.range.end.line, 2);
}
const why = await connection.sendRequest('rondo/why', { textDocument: { uri } });
assert.ok(why.promptTokens > 0 && why.suggestions >= 1, JSON.stringify(why));

// An edit, and what is typed is suggested no more.
await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
  textDocument: { uri, version: 2 },
  contentChanges: [{ range: { start: place.position, end: place.position }, text: 'h' }],
});
const typed = { ...place, position: { line: 2, character: 20 } };
await ask(lsp.InlineCompletionRequest.type, { ...typed, context: { triggerKind: Automatic } });
const menu = await ask(lsp.CompletionRequest.type, typed);
assert.equal(menu.isIncomplete, true);
await ask(lsp.InlineCompletionRequest.type, {
  ...typed,
  context: {
    triggerKind: Automatic,
    selectedCompletionInfo: { range: { start: place.position, end: typed.position }, text: 'height' },
  },
}).then(list => list.items.forEach(item => assert.ok(item.insertText.startsWith('height'), item.insertText)));

// A cancelled request is answered with RequestCancelled.
const source = new lsp.CancellationTokenSource();
const cancelled = connection.sendRequest(
  lsp.InlineCompletionRequest.type, { ...place, context: { triggerKind: Invoked } }, source.token);
source.cancel();
await assert.rejects(cancelled, error => error.code === lsp.LSPErrorCodes.RequestCancelled);

// Actions: a list for the selection, at a mere cursor fixes alone; an edit when one is resolved, of that text alone.
const selection = { start: { line: 2, character: 19 }, end: { line: 2, character: 20 } };
const listed = { textDocument: { uri }, range: selection };
const { Automatic: AtMoves } = lsp.CodeActionTriggerKind;
assert.deepEqual(
  await ask(lsp.CodeActionRequest.type, {
    ...listed, range: { start: selection.end, end: selection.end }, context: { diagnostics: [], triggerKind: AtMoves },
  }), []);
const actions = await ask(lsp.CodeActionRequest.type, { ...listed, context: { diagnostics: [] } });
assert.ok(actions.every(action => !action.isPreferred && !action.edit), JSON.stringify(actions));
const rewrite = actions.find(action => action.kind?.endsWith('.completeSelection'));
assert.ok(rewrite && !rewrite.disabled, JSON.stringify(actions));
const outcome = promise => promise.then(value => ({ value }), error => ({ code: error.code }));
const resolved = await outcome(ask(lsp.CodeActionResolveRequest.type, rewrite));
if (resolved.value) {
  const [change] = resolved.value.edit.documentChanges;
  assert.deepEqual(change.textDocument, { uri, version: 2 });
  await connection.sendRequest(lsp.ExecuteCommandRequest.type, { command: 'rondo.applyAction', arguments: [rewrite.data] });
  assert.deepEqual(applied.edit.documentChanges[0].edits, change.edits);
} else {
  assert.equal(resolved.code, lsp.LSPErrorCodes.RequestFailed);  // the model had nothing to put there
}
await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
  textDocument: { uri, version: 3 },
  contentChanges: [{ range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, text: '#' }],
});
assert.equal((await outcome(ask(lsp.CodeActionResolveRequest.type, rewrite))).code, lsp.LSPErrorCodes.ContentModified);

await ask(lsp.ShutdownRequest.type);
await connection.sendNotification(lsp.ExitNotification.type);
assert.equal(await exited, 0);
for (const method of ['client/registerCapability', 'workspace/configuration']) {
  assert.ok(seen.has(method), `the server never sent ${method}`);
}
console.log(`checked ${[...seen].join(', ')}`);
