// What the server is doing, and how the status bar says it.

// Of the answer to rondo/status, what is used here.
export interface Status {
  version: string;
  model: { state: 'loading' | 'ready' | 'failed'; message?: string; name?: string; sentence?: string; larger?: string };
  index: { state: string; message?: string };
  settings: { automatic: boolean }; // in force: of the files that configure Rondo, and of the editor
}

// Work that the server reports by $/progress.
export interface Progress {
  title: string;
  message?: string;
  percentage?: number;
  cancellable?: boolean;
}

export type State =
  | { kind: 'not found'; sentence: string }
  | { kind: 'stopped'; sentence: string }
  | { kind: 'starting' }
  | { kind: 'running'; status: Status };

export interface Face {
  text: string;
  tooltip: string;
  severity?: 'warning' | 'error';
}

function busy(progress: Progress): Face {
  const percent = progress.percentage === undefined ? '' : ` ${progress.percentage}%`;
  return { text: `$(loading~spin) ${progress.title}${percent}`, tooltip: progress.message ?? progress.title };
}

// `silence`: why the last question was answered with nothing; empty when it was not.
export function faceOf(state: State, progress: Progress | undefined, silence: string): Face {
  switch (state.kind) {
    case 'not found':
      return { text: '$(error) Rondo: not found', tooltip: state.sentence, severity: 'error' };
    case 'stopped':
      return { text: '$(error) Rondo: stopped', tooltip: state.sentence, severity: 'error' };
    case 'starting':
      return { text: '$(loading~spin) Rondo', tooltip: 'Rondo: the server is being started' };
  }
  const { version, model, index, settings } = state.status;
  if (model.state === 'failed') {
    return { text: '$(warning) Rondo: no model', tooltip: model.message ?? 'Rondo has no model', severity: 'warning' };
  }
  if (progress) {
    return busy(progress);
  }
  if (model.state === 'loading') {
    return busy({ title: 'Rondo: loading the model' });
  }
  const name = model.name ? `Rondo: ${model.name}` : 'Rondo';
  const text = settings.automatic ? `$(sparkle) ${name}` : `$(circle-slash) ${name} (off)`;
  const does = settings.automatic ? 'ready' : 'suggests only when asked';
  const read = index.message ? `, ${index.message}` : '';
  const lines = [silence && `The last question was answered with nothing, because ${silence}`, model.sentence, model.larger];
  return { text, tooltip: [`Rondo ${version}: ${does}${read}`, ...lines.filter(Boolean)].join('\n') };
}
