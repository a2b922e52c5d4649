// Makes the small byte-level tokenizer of the tests, and what an independent implementation says of it.
//
//   npm install --ignore-scripts --prefix DIR @huggingface/tokenizers@0.2.0
//   node scripts/oracle/byte_level.mjs DIR tests/engine/data/tokenizers
//
// byte_level.json is a tokenizer.json in the manner of Qwen2.5-Coder, with merges learnt from the text below;
// byte_level_golden.json has the steps of three families' pre-tokenizers, and for each texts with their ids.
import { writeFileSync } from 'node:fs';

const [folder, out] = process.argv.slice(2);
const { Tokenizer } = await import(`${folder}/node_modules/@huggingface/tokenizers/dist/tokenizers.mjs`);

const learntFrom = `def return_value(self, value=None):
    if value is None:
        return self.value
    for item in self.items():
        print(item, end=" ")
    return [int(x) for x in range(10)]

static int count(const std::string& text) {
  for (int i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') return 100 + i;
  }
  return -1;  // the end of the text: für die Größe, 数字 и слова
}
`;

const split = (regex) => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false });
const digits = { type: 'Digits', individual_digits: true };
const bytes = (useRegex) => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: useRegex });
const sequence = (...steps) => ({ type: 'Sequence', pretokenizers: steps });
const qwen2 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const families = {
  'Qwen2.5-Coder': sequence(split(qwen2), bytes(false)),
  StarCoder2: sequence(digits, bytes(true)),
  'DeepSeek-Coder': sequence(
    split('[\\r\\n]'), split('\\s?\\p{L}+'), split('\\s?\\p{P}+'), split('[一-龥ࠀ-一가-퟿]+'), digits, bytes(false)),
};

// GPT-2's table: the character of each byte.
const characters = Array.from({ length: 256 }, (_, byte) => byte);
let next = 256;
for (let byte = 0; byte < 256; ++byte) {
  const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  characters[byte] = String.fromCodePoint(printable ? byte : next++);
}
const spelt = (word) => [...new TextEncoder().encode(word)].map((byte) => characters[byte]);

function learn(text, count) {
  const words = text.match(/ ?\p{L}+|\d| ?[^\s\p{L}\d]+|\s+/gu).map(spelt);
  const merges = [];
  while (merges.length < count) {
    const seen = new Map();
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; ++i) {
        const pair = `${word[i]} ${word[i + 1]}`;
        seen.set(pair, (seen.get(pair) ?? 0) + 1);
      }
    }
    const [best] = [...seen].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0];
    merges.push(best);
    const [left, right] = best.split(' ');
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; ++i) {
        if (word[i] === left && word[i + 1] === right) word.splice(i, 2, left + right);
      }
    }
  }
  return merges;
}

const merges = learn(learntFrom, 120);
const vocab = Object.fromEntries([...characters, ...merges.map((m) => m.replace(' ', ''))].map((t, id) => [t, id]));
const nVocab = Object.keys(vocab).length;
const added = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>',
  '<|fim_pad|>', '<|repo_name|>', '<|file_sep|>', 'õ'].map((content, i) => ({
  id: nVocab + i, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: i < 3,
}));
const tokenizer = {
  version: '1.0', truncation: null, padding: null, added_tokens: added, normalizer: { type: 'NFC' },
  pre_tokenizer: families['Qwen2.5-Coder'],
  post_processor: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
  decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
  model: { type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: '', end_of_word_suffix: '',
    fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab, merges },
};
writeFileSync(`${out}/byte_level.json`, `${JSON.stringify(tokenizer)}\n`);

const texts = [
  'def return_value(x):\n    return x\n', "it's WE'LL I'Ve don't", '  \t x\n\n\n   y  \r\n\r\nz ', 'abc123def 4567 x86_64 ½ ٣٤',
  'für die Größe 数字 и слова', '!!??...\n//== a->b;\r\n', '😀 👩‍💻 õ x', 'x\u00a0y\u3000z\u2028w', 'self.items[10]->count++',
  '                return', '\n', ' ', 'ſ’s ÇÉ ßẞ ǅ ᾳ', '한국어 ひらがな',
];
const golden = Object.entries(families).map(([name, steps]) => {
  const reference = new Tokenizer({ ...tokenizer, pre_tokenizer: steps }, {});
  return { name, pre_tokenizer: steps, cases: texts.map((text) => [text, reference.encode(text).ids]) };
});
writeFileSync(`${out}/byte_level_golden.json`, `${JSON.stringify(golden)}\n`);
