-- What becomes of a suggestion, and of an answer on its way, while one types and moves.
local item = { insertText = 'ume(x)\n  y' }

local function shown(t)
  return t.editor:lua("return require('rondo.inline').is_shown()")
end

-- The buffer has "vol" and the suggestion is shown.
local function given(t)
  t.editor:put('vol^')
  t.editor:lua('_G.suggest(...)', { item })
  t.equal(t.editor:screen(), { 'volume(x)', '  y' }, 'screen')
end

local tests = {
  {
    'set up',
    function(t)
      t.editor:lua("require('rondo').setup()")
    end,
  },
  {
    'typing what is suggested shortens it',
    function(t)
      given(t)
      t.editor:type('um')
      t.equal(t.editor:text(), 'volum^')
      t.equal(t.editor:screen(), { 'volume(x)', '  y' }, 'screen')
      t.editor:type('e(x)<CR>  ')
      t.equal(t.editor:text(), 'volume(x)\n  ^')
      t.equal(t.editor:screen(), { 'volume(x)', '  y' }, 'screen')
      t.equal(shown(t), true)
    end,
  },
  {
    'deleting what was typed brings it back',
    function(t)
      given(t)
      t.editor:type('um<BS>')
      t.equal(t.editor:text(), 'volu^')
      t.equal(t.editor:screen(), { 'volume(x)', '  y' }, 'screen')
      t.editor:type('<BS><BS>')
      t.equal(t.editor:screen(), { 'vo' }, 'screen')
    end,
  },
  {
    'typing all of it ends it',
    function(t)
      given(t)
      t.editor:type('ume(x)<CR>  y')
      t.equal(shown(t), false)
    end,
  },
}

for what, keys in pairs({
  ['typing something else'] = 'x',
  ['moving the cursor'] = '<Left>',
  ['leaving insert mode'] = '<Esc>',
  ['leaving insert mode by <C-c>'] = '<C-c>',
  ['a command from insert mode'] = '<C-o>:<C-u>',
  ['replacing'] = '<Insert>',
}) do
  table.insert(tests, {
    what .. ' hides it',
    function(t)
      given(t)
      t.editor:type(keys)
      t.equal(shown(t), false)
      t.equal(#t.editor:screen(), 1, 'rows on the screen')
      t.editor:type('<C-\\><C-n>')
    end,
  })
end

local function answer_after(what, code)
  table.insert(tests, {
    'an answer is dropped after ' .. what,
    function(t)
      t.editor:put('vol^ume')
      t.editor:lua('_G.asked = _G.question()')
      t.editor:type(code)
      t.editor:lua("require('rondo.inline').answer(_G.asked, nil, { items = { ... } })", item)
      t.equal(shown(t), false)
      t.editor:type('<C-\\><C-n>')
    end,
  })
end
answer_after('a key', 'u')
answer_after('a key that was taken back', 'u<BS>')
answer_after('a move', '<Left>')
answer_after('the end of insert mode', '<Esc>')

vim.list_extend(tests, {
  {
    'the popup menu hides it, and no answer is shown beside it',
    function(t)
      t.editor:put('volume volatile\nvol^')
      t.editor:lua('_G.suggest(...)', { { insertText = 'cano' } })
      t.equal(shown(t), true)
      t.editor:type('<C-x><C-n>')
      t.equal(t.editor:lua('return vim.fn.pumvisible()'), 1)
      t.equal(shown(t), false)
      t.editor:lua('_G.suggest(...)', { { insertText = 'cano' } })
      t.equal(shown(t), false)
      t.editor:type('<C-e><C-\\><C-n>')
    end,
  },
  {
    'null leaves what is shown, an empty list hides it',
    function(t)
      given(t)
      t.editor:lua("require('rondo.inline').answer(_G.question(), nil, vim.NIL)")
      t.equal(shown(t), true)
      t.editor:lua('_G.suggest(...)', vim.empty_dict())
      t.equal(shown(t), false)
    end,
  },
  {
    'an error hides nothing and shows nothing',
    function(t)
      given(t)
      t.editor:lua("require('rondo.inline').answer(_G.question(), { code = -32803, message = 'no' }, nil)")
      t.equal(shown(t), true)
      t.equal(t.editor:lua("return vim.trim(vim.api.nvim_exec('messages', true))"), '')
    end,
  },
  {
    'a change elsewhere in the buffer does not move it to the wrong place',
    function(t)
      t.editor:put('one\ntwo\nvol^')
      t.editor:lua('_G.suggest(...)', { item })
      t.editor:lua("vim.api.nvim_buf_set_lines(0, 0, 1, false, {})")
      t.editor:type('<Ignore>')
      t.equal(shown(t), false)
    end,
  },
})

return tests
