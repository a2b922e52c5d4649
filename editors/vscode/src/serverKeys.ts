// The settings that the server understands. Without vscode, so that it runs anywhere.
export const serverKeys = ['automatic', 'multiline', 'context', 'readAhead', 'completionMenu', 'maxTokens', 'candidates', 'confidence', 'steps'];
