-- Accepting a suggestion, all of it and in parts; candidates; keys that have something else to do.
local function given(t, text, items, how)
  t.editor:put(text)
  t.editor:lua('_G.suggest(...)', items, how)
  t.equal(t.editor:lua("return require('rondo.inline').is_shown()"), true, 'shown')
end

local function range(line, from, to)
  return { start = { line = line, character = from }, ['end'] = { line = line, character = to } }
end

-- buffer, item, keys, buffer
local cases = {
  { 'all of it', 'vol^', { insertText = 'ume(x)' }, '<Tab>', 'volume(x)^' },
  { 'several lines', 'f(^)', { insertText = 'a,\n  b' }, '<Tab>', 'f(a,\n  b^)' },
  { 'what it takes over', 'f(^) # c', { insertText = 'a, b)', range = range(0, 2, 3) }, '<Tab>', 'f(a, b)^ # c' },
  { 'what was typed for it', 'x^', { insertText = 'xyz', range = range(0, 0, 1) }, '<Tab>', 'xyz^' },
  { 'the rest, after typing along', 'vol^', { insertText = 'ume(x)' }, 'um<Tab>', 'volume(x)^' },
  { 'what is typed before the key is handled', 'vol^', { insertText = 'ume(x)' }, '<Tab> # a', 'volume(x) # a^' },
  {
    'behind letters of several bytes',
    'grüße = "東京" + 𝄞^)',
    { insertText = 'ß𝄞)', range = range(0, 17, 18) },
    '<Tab>',
    'grüße = "東京" + 𝄞ß𝄞)^',
  },
  { 'a word', 'vol^', { insertText = 'ume(x, y)' }, '<M-w>', 'volume^' },
  { 'word by word', 'vol^', { insertText = 'ume(x, y)' }, '<M-w><M-w><M-w><M-w>', 'volume(x,^' },
  { 'a word of other letters', '^', { insertText = 'größe = 1' }, '<M-w><M-w>', 'größe =^' },
  { 'words over a line end', 'a^', { insertText = '\n\n  b c' }, '<M-w><M-w>', 'a\n\n  b c^' },
  { 'a word at a time to the end', 'f(^)', { insertText = 'a)', range = range(0, 2, 3) }, '<M-w><M-w>', 'f(a)^' },
  { 'a line', 'f():^', { insertText = ' a\n  b\n  c' }, '<M-l>', 'f(): a^' },
  { 'line by line', 'f():^', { insertText = '\n  b\n  c' }, '<M-l><M-l>', 'f():\n  b\n  c^' },
  { 'a word, then all', 'f():^', { insertText = ' a\n  b\n  c' }, '<M-w><Tab>', 'f(): a\n  b\n  c^' },
  { 'nothing after <C-]>', 'vol^', { insertText = 'ume(x)' }, '<C-]><M-w>', 'vol÷^' },
}

local tests = {
  {
    'set up',
    function(t)
      t.editor:lua("vim.o.expandtab, vim.o.tabstop, vim.o.shiftwidth = true, 4, 4")
      t.editor:lua("vim.keymap.set('i', '<M-w>', '÷')")
      t.editor:lua("require('rondo').setup()")
    end,
  },
}
for _, case in ipairs(cases) do
  table.insert(tests, {
    case[1],
    function(t)
      given(t, case[2], { case[3] })
      t.editor:type(case[4])
      t.equal(t.editor:text(), case[5])
      t.editor:type('<C-\\><C-n>')
    end,
  })
end

local function set_up(t, code)
  t.editor:stop()
  t.editor = require('editor').start()
  t.editor:lua(code)
end

vim.list_extend(tests, {
  {
    'one undo takes back what was accepted, and no more',
    function(t)
      given(t, '^', { { insertText = 'volume(x)\n  y' } })
      t.editor:type('vol<Tab> + z<Esc>')
      t.equal(t.editor:lines(), { 'volume(x)', '  y + z' })
      t.editor:type('u')
      t.equal(t.editor:lines(), { 'volume(x)', '  y' })
      t.editor:type('u')
      t.equal(t.editor:lines(), { 'vol' })
      t.editor:type('u')
      t.equal(t.editor:lines(), { '' })
      t.editor:type('<C-r><C-r><C-r>')
      t.equal(t.editor:lines(), { 'volume(x)', '  y + z' })
    end,
  },
  {
    'a file with CRLF keeps its line ends',
    function(t)
      local path = vim.fn.tempname() .. '.c'
      vim.fn.writefile({ 'int f() {\r', '}\r', '' }, path, 'b')
      t.editor:type('<C-\\><C-n>')
      t.editor:lua('vim.cmd("edit! " .. ...)', path)
      t.equal(t.editor:lua('return vim.bo.fileformat'), 'dos')
      t.editor:type('A')
      t.editor:lua('_G.suggest(...)', { { insertText = '\r\n  return 1;' } })
      t.equal(t.editor:screen(), { 'int f() {', '  return 1;', '}' }, 'screen')
      t.editor:type('<Tab><Esc>:w<CR>')
      t.equal(vim.fn.readfile(path, 'b'), { 'int f() {\r', '  return 1;\r', '}\r', '' })
      t.editor:lua('vim.cmd("enew!")')
    end,
  },
  {
    'next and previous go round the candidates that still fit',
    function(t)
      local items = { { insertText = 'a1' }, { insertText = 'b2' }, { insertText = 'a3' }, { insertText = 'a1' } }
      given(t, 'v^', items, { invoked = true })
      t.equal(t.editor:screen(), { 'va1' })
      t.equal(t.editor:lua("return require('rondo.inline').position()"), '1/3')
      t.editor:type('<M-n>')
      t.equal(t.editor:screen(), { 'vb2' })
      t.editor:type('<M-n><M-n><M-p>')
      t.equal(t.editor:screen(), { 'va3' })
      t.editor:type('a<M-n>')
      t.equal(t.editor:screen(), { 'va1' })
      t.editor:type('<M-n>')
      t.equal(t.editor:screen(), { 'va3' })
      t.editor:type('<Tab>')
      t.equal(t.editor:text(), 'va3^')
    end,
  },
  {
    'more candidates come behind the one that is shown',
    function(t)
      given(t, 'v^', { { insertText = 'a1' } })
      t.editor:lua('_G.suggest(...)', { { insertText = 'b2' }, { insertText = 'a1' } }, { invoked = true, step = 1 })
      t.equal(t.editor:screen(), { 'vb2' })
      t.editor:type('<M-p>')
      t.equal(t.editor:screen(), { 'va1' })
    end,
  },
  {
    'a key that has nothing to do is itself',
    function(t)
      t.editor:put('a^')
      t.editor:type('<Tab>b')
      t.equal(t.editor:text(), 'a   b^')
      t.editor:put('^ab')
      t.editor:type('<M-l>x') -- without a mapping <Esc>l
      t.equal(t.editor:text(), '^a')
      t.editor:lua('vim.cmd("inoreabbrev yy zz")')
      t.editor:put('^')
      t.editor:type('yy<Tab>')
      t.equal(t.editor:text(), 'zz  ^')
    end,
  },
  {
    'a key that was mapped before goes on with that',
    function(t)
      set_up(
        t,
        [[
          vim.keymap.set('i', '<Tab>', 'TAB')
          local function move() return '<Left>' .. #vim.api.nvim_get_current_line() end
          vim.keymap.set('i', '<M-w>', move, { expr = true })
          vim.keymap.set('i', '<M-l>', '<M-w>!', { remap = true })
          vim.keymap.set('i', '<M-n>', function() vim.api.nvim_put({ 'put' }, 'c', false, true) end)
          vim.keymap.set('i', '<M-p>', "repeat('x', 3)", { expr = true })
          require('rondo').setup()
          require('rondo').setup({ auto = false })
        ]]
      )
      for keys, text in pairs({
        ['<Tab>'] = 'abTAB^',
        ['<M-w>'] = 'a2^b',
        ['<M-l>'] = 'a2!^b',
        ['<M-n>'] = 'abput^',
        ['<M-p>'] = 'abxxx^',
      }) do
        t.editor:put('ab^')
        t.editor:type(keys)
        t.equal(t.editor:text(), text, keys)
      end
      given(t, 'vol^', { { insertText = 'ume' } })
      t.editor:type('<Tab>')
      t.equal(t.editor:text(), 'volume^')
      local line = [[nvim_eval_statusline("%{v:lua.require'rondo'.statusline()}", {}).str]]
      t.equal(t.editor:lua('return vim.api.' .. line), 'Rondo off')
    end,
  },
  {
    'keys can be chosen and left out',
    function(t)
      set_up(t, "require('rondo').setup({ keymaps = { accept = '<C-j>', accept_word = false } })")
      given(t, 'vol^', { { insertText = 'ume(x)' } })
      t.equal(t.editor:lua("return vim.fn.maparg('<M-w>', 'i') .. vim.fn.maparg('<Tab>', 'i')"), '')
      t.editor:type('<C-j>')
      t.equal(t.editor:text(), 'volume(x)^')
      set_up(t, "require('rondo').setup({ keymaps = false })")
      t.equal(t.editor:lua("return vim.inspect(vim.api.nvim_get_keymap('i')):find('Rondo: ') == nil"), true)
      given(t, 'vol^', { { insertText = 'ume(x)' } })
      t.editor:type("<Cmd>lua require('rondo').accept_word()<CR>")
      t.equal(t.editor:text(), 'volume^')
    end,
  },
})

return tests
