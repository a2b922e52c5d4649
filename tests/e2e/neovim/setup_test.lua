-- What is set up: options, which files are served, which program is started where, the command, health and help.
local Editor = require('editor')

-- An editor with a home of its own, that keeps what it is told; and that home.
local function start(t, environment)
  local home = vim.fn.tempname()
  vim.fn.mkdir(home .. '/.local/bin', 'p')
  home = vim.loop.fs_realpath(home)
  t.editor:stop()
  t.editor = Editor.start(vim.tbl_extend('force', { HOME = home, PATH = '/usr/bin:/bin' }, environment or {}))
  t.editor:lua('_G.said = {} vim.notify = function(text) table.insert(_G.said, text) end')
  return home
end

local function said(t)
  return t.editor:lua('return _G.said')
end

local function write_program(path)
  vim.fn.mkdir(vim.fn.fnamemodify(path, ':h'), 'p')
  vim.fn.writefile({ '#!/bin/sh', 'echo rondo 1.2.3' }, path)
  vim.fn.setfperm(path, 'rwxr-xr-x')
end

local function command(t)
  return t.editor:lua("local found, why = require('rondo.server').command() return { found or false, why or false }")
end

local function obstacle(t)
  return t.editor:lua("local _, why = require('rondo').may_complete(0) return why or false")
end

return {
  {
    'wrong options are named, the others hold',
    function(t)
      start(t)
      t.editor:lua([[
        require('rondo').setup({ colour = 'red', auto = 'yes', debounce_ms = 7, keymaps = { jump = 'x' } })
      ]])
      local complaints = said(t)
      table.sort(complaints)
      t.equal(complaints, {
        "Rondo: setup() knows no key for 'jump'",
        "Rondo: setup() knows no option 'colour'",
        "Rondo: setup(): 'auto' must be a boolean",
      })
      t.equal(t.editor:lua("return require('rondo.options').current.debounce_ms"), 7)
      t.equal(t.editor:lua("return require('rondo.options').current.auto"), true)
    end,
  },
  {
    'nothing happens before setup()',
    function(t)
      start(t)
      t.equal(obstacle(t), "require('rondo').setup() was not called")
      t.equal(t.editor:lua("return require('rondo').statusline()"), 'Rondo off')
    end,
  },
  {
    'files are served unless something speaks against it',
    function(t)
      local home = start(t)
      t.editor:lua([[require('rondo').setup({
        cmd = 'missing',
        filetypes = { markdown = false },
        enabled = function() return not vim.g.quiet end,
      })]])
      t.equal(obstacle(t), 'this buffer is no file')
      t.editor:lua("vim.cmd('edit ' .. ...)", home .. '/a.py')
      t.equal(obstacle(t), false)
      t.editor:lua("vim.bo.filetype = 'markdown'")
      t.equal(obstacle(t), "the file type 'markdown' is switched off in setup{ filetypes }")
      t.editor:lua('vim.b.rondo_enabled = true')
      t.equal(obstacle(t), false)
      t.editor:lua('vim.b.rondo_enabled = false')
      t.equal(obstacle(t), 'b:rondo_enabled is false')
      t.editor:lua("vim.b.rondo_enabled = nil vim.bo.filetype = 'gitcommit'")
      t.equal(obstacle(t), "the file type 'gitcommit' is switched off in setup{ filetypes }")
      t.editor:lua("vim.bo.filetype = 'python' vim.g.quiet = true")
      t.equal(obstacle(t), 'setup{ enabled } says no')
      t.editor:lua("vim.g.quiet = nil vim.cmd('Rondo toggle')")
      t.equal(obstacle(t), 'switched off by `:Rondo toggle`')
      t.editor:lua("vim.cmd('Rondo toggle')")
      t.equal(obstacle(t), false)
      t.editor:lua("vim.api.nvim_buf_set_lines(0, 0, -1, false, { ('x'):rep(5000000) })")
      t.equal(obstacle(t), 'this file is too large')
      t.editor:lua("vim.cmd('enew!') vim.bo.buftype = 'nofile' vim.cmd('file scratch')")
      t.equal(obstacle(t), 'this buffer is no file')
      t.editor:lua("vim.cmd('enew!') vim.cmd('file ssh://host/a.py')")
      t.equal(obstacle(t), 'this buffer is no file')
    end,
  },
  {
    'the program is the one named, else on PATH, else in ~/.local/bin',
    function(t)
      local home = start(t)
      t.editor:lua("require('rondo').setup()")
      t.equal(command(t)[1], false)
      t.matches(command(t)[2], 'neither on PATH nor in ~/.local/bin. Install it, or name it')
      local arguments = { 'lsp', '--stdio' }
      write_program(home .. '/.local/bin/rondo')
      t.equal(command(t)[1], vim.list_extend({ home .. '/.local/bin/rondo' }, arguments))
      write_program(home .. '/path/rondo')
      t.editor:lua("vim.env.PATH = ... .. ':' .. vim.env.PATH", home .. '/path')
      t.equal(command(t)[1], vim.list_extend({ home .. '/path/rondo' }, arguments))
      write_program(home .. '/mine/rondo')
      t.editor:lua("require('rondo').setup({ cmd = '~/mine/rondo' })")
      t.equal(command(t)[1], vim.list_extend({ home .. '/mine/rondo' }, arguments))
      t.editor:lua("require('rondo').setup({ cmd = '~/mine/rondo', standalone = true })")
      t.equal(command(t)[1], { home .. '/mine/rondo', 'lsp', '--standalone', '--stdio' })
      t.editor:lua("require('rondo').setup({ cmd = { 'sh', '-c', 'x' } })")
      t.equal(command(t)[1], { 'sh', '-c', 'x' })
      t.editor:lua("require('rondo').setup({ cmd = '~/gone/rondo' })")
      t.equal(command(t), { false, "'~/gone/rondo' of setup{ cmd } is not a program that can be run" })
    end,
  },
  {
    'a missing program is said once',
    function(t)
      local home = start(t)
      t.editor:lua("require('rondo').setup()")
      for _, name in ipairs({ '/a.py', '/b.py', '/c.py' }) do
        t.editor:lua("vim.cmd('edit ' .. ...)", home .. name)
      end
      t.equal(#said(t), 1, 'messages')
      t.equal(t.editor:lua("return require('rondo').statusline()"), 'Rondo -')
    end,
  },
  {
    'a program that ends at once is started four times and then left alone',
    function(t)
      local home = start(t)
      write_program(home .. '/.local/bin/rondo')
      vim.fn.writefile({ '#!/bin/sh', 'echo start >> ~/log', 'exit 7' }, home .. '/.local/bin/rondo')
      t.editor:lua("require('rondo').setup() vim.cmd('edit ' .. ...)", home .. '/a.py')
      t.editor:wait_for("table.concat(_G.said):find(':Rondo start')")
      t.equal(vim.fn.readfile(home .. '/log'), { 'start', 'start', 'start', 'start' })
      t.matches(table.concat(said(t), '\n'), 'the server ended 4 times, at last with code 7 and signal 0')
      t.editor:type('ix')
      t.equal(t.editor:lines(), { 'x' })
    end,
  },
  {
    'the root is that of the repository, else the working directory, never the home',
    function(t)
      local home = start(t)
      for _, folder in ipairs({ '/git/.git', '/git/src/deep', '/plain/src', '/other' }) do
        vim.fn.mkdir(home .. folder, 'p')
      end
      local function root(path, cwd)
        local code = "local path, cwd = ... vim.cmd('cd ' .. cwd) return require('rondo.server').root_of(path) or false"
        return t.editor:lua(code, home .. path, cwd)
      end
      t.equal(root('/git/src/deep/a.py', home), home .. '/git')
      t.equal(root('/git/src/deep/a.py', home .. '/git/src'), home .. '/git')
      t.equal(root('/plain/src/a.py', home .. '/plain'), home .. '/plain')
      t.equal(root('/plain/src/a.py', home .. '/other'), false)
      t.equal(root('/plain/src/a.py', home), false)
      t.equal(root('/plain/src/a.py', '/'), false)
      vim.fn.mkdir(home .. '/.git')
      t.equal(root('/plain/src/a.py', home), false)
    end,
  },
  {
    ':Rondo completes its words and names them',
    function(t)
      start(t)
      t.equal(t.editor:lua("return vim.fn.getcompletion('Rondo st', 'cmdline')"), { 'start', 'status', 'stop' })
      t.editor:lua("vim.cmd('Rondo dance')")
      t.equal(said(t), { "Rondo: 'dance' is none of actions, cancel, complete, complete_selection, counters, module, start, status, stop, toggle, undo, why" })
    end,
  },
  {
    'with vim.lsp.inline_completion, native = true leaves asking and drawing to it',
    function(t)
      start(t)
      -- A stand-in with what Neovim 0.12 has.
      t.editor:lua([[
        _G.calls, _G.accepts = {}, true
        vim.lsp.inline_completion = {
          enable = function(on, filter) table.insert(_G.calls, { 'enable', on, filter }) end,
          get = function() table.insert(_G.calls, { 'get' }) return _G.accepts end,
          select = function(how) table.insert(_G.calls, { 'select', how.count }) end,
        }
        local get = vim.lsp.get_client_by_id
        vim.lsp.get_client_by_id = function(id) return id == 42 and { id = 42, name = 'rondo' } or get(id) end
        -- 0.7 lacks the event.
        local create = vim.api.nvim_create_autocmd
        vim.api.nvim_create_autocmd = function(events, how)
          if events ~= 'LspAttach' then return create(events, how) end
          _G.attached = how.callback
        end
        require('rondo').setup({ native = true })
        _G.attached({ data = { client_id = 42 } })
      ]])
      t.equal(said(t), {})
      t.equal(t.editor:lua('return _G.calls'), { { 'enable', true, { client_id = 42 } } })
      t.editor:lua('_G.calls = {}')
      t.editor:put('a^')
      t.editor:type('<Tab>b<M-n><M-p>')
      t.equal(t.editor:text(), 'ab^')
      t.equal(t.editor:lua('return _G.calls'), { { 'get' }, { 'select', 1 }, { 'select', -1 } })
      t.editor:lua('_G.accepts = false')
      t.editor:type('<Tab>')
      t.equal(t.editor:text(), 'ab\t^')
    end,
  },
  {
    'without it, native = true is said to be in vain',
    function(t)
      start(t)
      t.editor:lua("vim.lsp.inline_completion = nil require('rondo').setup({ native = true })")
      t.equal(said(t), { 'Rondo: native = true needs Neovim 0.12; Rondo draws by itself' })
      t.editor:put('vol^')
      t.editor:lua('_G.suggest(...)', { { insertText = 'ume' } })
      t.equal(t.editor:screen(), { 'volume' })
    end,
  },
  {
    'vim.lsp.enable finds a configuration',
    function(t)
      local home = start(t)
      write_program(home .. '/.local/bin/rondo')
      local config = t.editor:lua("return dofile(vim.api.nvim_get_runtime_file('lsp/rondo.lua', false)[1])")
      t.equal(config.cmd, { home .. '/.local/bin/rondo', 'lsp', '--stdio' })
      t.equal(config.root_markers, { '.git' })
    end,
  },
  {
    ':checkhealth says what is missing',
    function(t)
      local home = start(t)
      t.editor:lua("require('rondo').setup() vim.cmd('edit ' .. ...)", home .. '/a.py')
      t.editor:lua("vim.cmd('checkhealth rondo')")
      local report = table.concat(t.editor:lines(), '\n')
      t.matches(report, 'OK:? Neovim %d')
      t.matches(report, 'ERROR:? the program `rondo` is neither on PATH')
      t.matches(report, 'WARNING:? ~/a.py: nothing is suggested: the program `rondo` is neither')
    end,
  },
  {
    'the help names every option, key, function and command, and its tags are up to date',
    function(t)
      local folder = Editor.source .. '/editors/neovim/doc'
      local copy = vim.fn.tempname()
      vim.fn.mkdir(copy)
      vim.fn.writefile(vim.fn.readfile(folder .. '/rondo.txt'), copy .. '/rondo.txt')
      vim.cmd('helptags ' .. copy)
      t.equal(vim.fn.readfile(folder .. '/tags'), vim.fn.readfile(copy .. '/tags'), 'doc/tags (made by :helptags)')
      local tags = {}
      for _, line in ipairs(vim.fn.readfile(folder .. '/tags')) do
        tags[line:match('^[^\t]+')] = true
      end
      vim.opt.runtimepath:prepend(Editor.source .. '/editors/neovim')
      local wanted = { 'rondo-cmd', 'b:rondo_enabled', 'hl-RondoSuggestion' }
      for option in pairs(require('rondo.options').defaults) do
        table.insert(wanted, 'rondo-' .. option)
      end
      for key in pairs(require('rondo.options').defaults.keymaps) do
        table.insert(wanted, 'rondo-key-' .. key)
        table.insert(wanted, 'rondo.' .. key .. '()')
      end
      for _, word in ipairs(vim.fn.split('start stop status why toggle complete complete_selection actions module undo cancel counters')) do
        table.insert(wanted, ':Rondo-' .. word)
      end
      for _, tag in ipairs(wanted) do
        t.equal(tags[tag], true, tag)
      end
    end,
  },
}
