-- The three flows, each with the number of steps that it takes: typing a line (1), completing what is selected (3),
-- generating a module (5). And a daemon that is killed. What the model writes is not looked at, only that it is shown,
-- and that it is where it was said to be. The screens are kept in the folder that the environment variable SCREENSHOTS
-- names.
local Editor = require('editor')

local seconds = 120 -- for a slow machine that does other things, too

local folder = vim.loop.fs_realpath(vim.fn.tempname():match('^(.*)/')) .. '/flows'
vim.fn.mkdir(folder, 'p')
for _, path in ipairs(vim.fn.glob(Editor.source .. '/samples/shop/*.py', false, true)) do
  vim.fn.writefile(vim.fn.readfile(path, 'b'), folder .. '/' .. vim.fn.fnamemodify(path, ':t'), 'b')
end

local function keep_screen(t, name)
  local to = vim.env.SCREENSHOTS
  if to and to ~= '' then
    vim.fn.mkdir(to, 'p')
    vim.fn.writefile(t.editor:screen(), to .. '/' .. name .. '.txt')
  end
end

local function open(t, file)
  t.editor:stop()
  vim.fn.system({ vim.env.RONDO_PROGRAM, 'daemon', 'stop' })
  t.editor = Editor.start()
  t.editor:lua(
    [[
      local folder, program, file = ...
      vim.o.lines, vim.o.columns, vim.o.autoindent = 50, 100, true
      vim.cmd('filetype on')
      require('rondo').setup({ cmd = program, count = true })
      vim.cmd('cd ' .. folder)
      vim.cmd('edit ' .. file)
    ]],
    folder,
    assert(vim.env.RONDO_PROGRAM, 'RONDO_PROGRAM is not set'),
    file
  )
  t.editor:wait_for("require('rondo.server').client(0)", seconds)
end

-- The highest step in the answer to rondo/why of the current file.
local function steps(t)
  return t.editor:lua([[
    local call, client = require('rondo.server').call, require('rondo.server').client(0)
    local params = { textDocument = { uri = vim.uri_from_bufnr(0) } }
    local why = call(client, 'request_sync', 'rondo/why', params, 10000, 0).result
    local highest = 0
    for _, step in ipairs(why.loop_steps or {}) do
      highest = math.max(highest, step.step)
    end
    return highest
  ]])
end

local function wait_until_shown(t)
  t.editor:wait_for("require('rondo.inline').is_shown()", seconds)
end

-- Types into a prompt of Neovim's own, once there is one.
local function answer(t, keys)
  local asked = vim.wait(seconds * 1000, function()
    local now = vim.rpcrequest(t.editor.channel, 'nvim_get_mode')
    return now.blocking or now.mode:match('^[cr]') ~= nil
  end, 20)
  t.equal(asked, true, 'a prompt')
  vim.rpcrequest(t.editor.channel, 'nvim_input', keys)
end

return {
  {
    'a line is typed and completed, in one step',
    function(t)
      open(t, 'checkout.py')
      t.editor:lua('vim.fn.cursor(25, 1)')
      t.editor:type('ccdiscount = vol')
      wait_until_shown(t)
      t.equal(steps(t), 1)
      keep_screen(t, 'typing')
      t.editor:type('<Tab><Esc>')
      t.matches(t.editor:lua('return vim.api.nvim_get_current_line()'), '^    discount = vol%g')
      t.equal(t.editor:lua("return require('rondo').statusline()"):match('^Rondo'), 'Rondo')
      t.editor:wait_for([[require('rondo').statusline() == 'Rondo loopcoder-mini']], seconds)
      t.matches(t.editor:lua("return require('rondo.counters').lines()[1]"), 'shown, 1 accepted')
    end,
  },
  {
    'when the daemon is killed, a suggestion is there again without a word',
    function(t)
      t.editor:type('ccdiscount = vol')
      wait_until_shown(t)
      t.editor:type('<C-]>')
      local report = vim.fn.json_decode(vim.fn.system({ vim.env.RONDO_PROGRAM, 'status', '--json' }))
      local begin = vim.loop.hrtime()
      vim.loop.kill(report.pid, 'sigkill')
      t.editor:type('<BS>l')
      wait_until_shown(t)
      io.stdout:write(('        ghost text %.2f s after kill -9\n'):format((vim.loop.hrtime() - begin) / 1e9))
      t.editor:type('<C-]><Esc>')
    end,
  },
  {
    'what is selected is completed, in three steps, and undone by one u',
    function(t)
      t.editor:lua("vim.cmd('edit! pricing.py') vim.fn.search('^def volume_discount') vim.cmd('normal! j')")
      local before = t.editor:lines()
      t.editor:type('V}k<M-\\>')
      t.editor:wait_for([[require('rondo.requests').what() == nil]], seconds)
      keep_screen(t, 'selection')
      t.equal(steps(t), 3, t.editor:lua("return vim.api.nvim_exec('messages', true)"))
      t.equal(vim.deep_equal(t.editor:lines(), before), false, 'changed')
      t.editor:type('u')
      t.equal(t.editor:lines(), before, 'undone')
    end,
  },
  {
    'a module is planned, agreed to and made in five steps, and removed again',
    function(t)
      local made = { folder .. '/sums.py', folder .. '/test_sums.py' }
      vim.rpcrequest(t.editor.channel, 'nvim_input', ':Rondo module<CR>')
      answer(t, 'sums: add(a, b), mean(values)<CR>')
      answer(t, '1<CR>')
      answer(t, '')
      for _, path in ipairs(made) do
        t.equal(vim.fn.filereadable(path), 0, path)
      end
      vim.rpcrequest(t.editor.channel, 'nvim_input', '1<CR>')
      t.editor:wait_for("vim.api.nvim_buf_get_name(0):match('/sums.py$')", seconds)
      keep_screen(t, 'module')
      t.matches(t.editor:lua("return vim.api.nvim_exec('messages', true)"), 'bodies written in 5 steps')
      for _, path in ipairs(made) do
        t.equal(vim.fn.filereadable(path), 1, path)
      end
      t.matches(table.concat(vim.fn.readfile(made[1]), '\n'), 'def add%(a, b%):\n')
      t.editor:lua("vim.cmd('Rondo undo')")
      for _, path in ipairs(made) do
        t.equal(vim.fn.filereadable(path), 0, path)
      end
    end,
  },
}
