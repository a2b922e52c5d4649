// The server's answer to rondo/why as sentences.
import { type LoopStep, stepCount, stepLines } from './steps';

export interface Why {
  method: string;
  position: { line: number; character: number };
  invoked: boolean;
  suggestions: number;
  meanLogprob: number;
  promptTokens: number;
  cachedTokens: number;
  segmentTokens: number;
  generatedTokens: number;
  timings: Record<string, number>;
  blocks: { path: string; reason: string }[];
  reason?: string; // why nothing was suggested
  gate?: { confidence: number; asked: number; shown: boolean }; // in percent
  loop_steps?: LoopStep[];
}

const stages = ['context', 'tokenize', 'queued', 'segments', 'prefill', 'decode', 'postprocess'];

function timingsLine(timings: Record<string, number>): string {
  const parts = stages
    .map((stage) => ({ stage, ms: timings[`${stage}Ms`] ?? 0 }))
    .filter(({ ms }) => ms >= 0.05)
    .map(({ stage, ms }) => `${stage} ${ms.toFixed(1)}`);
  return `  ${(timings.totalMs ?? 0).toFixed(1)} ms: ${parts.join(', ')}`;
}

// The first line alone is an answer, too.
export function whyLines(why: Why): string[] {
  const steps = why.loop_steps ?? [];
  const inSteps = steps.length > 0 ? `, in ${stepCount(steps)}` : '';
  const isEdit = !/ompletion$/.test(why.method); // of a code action
  const asked = `Line ${why.position.line + 1}, ${why.invoked ? 'asked for' : 'asked while typing'}: `;
  const lines = [
    why.reason
      ? `${asked}nothing, because ${why.reason}`
      : isEdit
        ? `${asked}an edit was made${inSteps}`
        : `${asked}${why.suggestions} suggestions, mean log-probability of the first ${why.meanLogprob.toFixed(2)}${inSteps}`,
  ];
  if (why.promptTokens > 0) {
    lines.push(
      `  ${why.promptTokens} tokens at the cursor (${why.cachedTokens} known from before), ` +
        `${why.segmentTokens} of other Blocks, ${why.generatedTokens} written`,
      timingsLine(why.timings),
    );
  }
  if (why.gate) {
    lines.push(`  the model is ${why.gate.confidence}% sure of its words, ${why.gate.asked}% are asked for`);
  }
  lines.push(...stepLines(steps).map((line) => `  ${line}`));
  return [...lines, ...why.blocks.map(({ path, reason }) => `  ${path}: ${reason}`)];
}
