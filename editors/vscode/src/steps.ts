// Plans and steps as sentences. Without vscode, so that it runs anywhere.

// How the tokens of a module's progress begin.
export const moduleToken = 'rondo-module-';

export interface LoopStep {
  step: number;
  focus: string;
  tokens_generated: number;
  verdict: string;
}

export interface ModulePlan {
  name: string;
  language: string;
  label: string;
  files: { uri: string; path: string; signatures: string[]; test: boolean }[];
}

// "5 steps"
export function stepCount(steps: LoopStep[]): string {
  const count = Math.max(...steps.map(({ step }) => step));
  return `${count} ${count === 1 ? 'step' : 'steps'}`;
}

// "5 steps, 210 tokens", then a line each; nothing of no steps.
export function stepLines(steps: LoopStep[]): string[] {
  if (steps.length === 0) {
    return [];
  }
  const tokens = steps.reduce((sum, { tokens_generated }) => sum + tokens_generated, 0);
  return [
    `${stepCount(steps)}, ${tokens} tokens`,
    ...steps.map(({ step, focus, verdict }) => `  ${step} ${focus}: ${verdict}`),
  ];
}

// For a dialog, which leaves out blanks at the beginning of a line unless they are of another kind.
export function planLines(plan: ModulePlan): string[] {
  const files = plan.files.map(({ path, signatures }) => [path, ...signatures.map((line) => `\u00a0\u00a0\u00a0\u00a0${line}`)].join('\n'));
  return [...files, '', plan.label, 'Nothing exists until you say so, and one undo removes it.'];
}
