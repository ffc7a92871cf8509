// Package watch puts a changed configuration file in force while the program
// runs.
//
//	cfg, err := config.Load("logging.yaml", options)
//	h, err := cfg.Open("production")
//	w := watch.Start(cfg, &watch.Options{
//		OnChange: func(c *config.Config) error { return c.Apply(h, "production") },
//	})
//	defer w.Close()
//
// # What is noticed
//
// Another content of the file, or of a file that its references name (a password
// that was rotated), by its hash: whether it was written in place, renamed over,
// or came with a new target of Kubernetes' ..data link, and not a new time of
// change alone. A content counts once two looks, an interval apart, have found the
// same: a file that is being written may be valid before it is complete, and then
// lack the routes at its end. So a change takes one to two intervals.
//
// # What is wrong
//
// A file that does not load, or that OnChange refuses, leaves the old one in
// force. OnError hears why, once, and not with every look. It is tried again
// with each, since what it lacks (a secret, a directory) may come without a
// change of its own.
//
// # What waits
//
// Config.Apply puts routes, levels and keys in force. That a changed file says more
// than that (buffer, resource, add_source, …), which waits for the next start of
// the program, it tells config.Options.OnNotice, once for each change; OnError
// hears nothing of it, as the file is in force.
//
// # Why not inotify
//
// It tells of inodes, and a name leads to another one with each rename: whoever
// uses it watches directories, links and their targets, all of which may be
// replaced, and reads the file in the end. It says nothing about what happens on
// the server of a network file system, or in a file that Kubernetes has mounted by
// subPath; and each platform has another one, or a library with all of them. A
// configuration has a few kilobytes and may come into force some seconds later:
// reading it takes 20 µs each 5 s.
package watch
