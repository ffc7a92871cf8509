// Package file appends records to a file, one line each, and rotates it.
//
//	route.Route{Name: "local", To: file.Destination{Path: "/var/log/shop/shop.log"}}
//
// The file that is full is renamed and a new one made under its name; nothing
// is ever copied or cut. So an agent that follows a file by its inode, as
// Vector, Fluent Bit, Filebeat and tail -F do, reads each line, through
// rotation and after it. A rotated file is called as the file with the time of
// rotation behind: shop.log.20260301T120000.000000Z, and .gz once compressed.
//
// Who rotates with another program may: a file that was moved or removed is
// noticed with the next Send, and made again. MaxSize −1 leaves all of it to
// that program; let it move the file, not copy and truncate it.
//
// # Delivery
//
// nil from Send means that the kernel has the lines: they survive the process.
// With Sync they also survive the machine. A batch is one write. If that stops
// halfway (a full disk), the half that went is cut off again, or, while another
// process has the file open and might have appended behind it, ended by a line
// break, so that the worker's next attempt starts on a line of its own: some
// lines are then there twice and one is broken, but no line is lost or damaged
// by another. The same is done about what a killed process left behind.
//
// # Ordering
//
// Lines are in the order of Sends, and of records within one. Lines of several
// processes that share a file are mixed batch by batch.
//
// # Errors
//
// A full disk, missing permissions and whatever else the file system says are
// plain errors: the records stay in the buffer and are written when it is
// cured, with no limit of attempts. [ErrUnsafe] is one of them. What the
// encoder refuses is permanent for that record alone. Failures of the
// background work (compressing, removing) are tried again and returned by
// Close.
//
// # Limits
//
// Several processes may write one file, rotating included, on Linux, macOS and
// the BSDs, on file systems with flock(2). On Windows, and on network file
// systems without locks, let one process write a file. A rotated file is not
// compressed or removed while any process still has it open for writing (each
// lets go with its next Send or its end), and the newest one is never
// compressed, so that an agent which is behind finds it. A Send waits for the
// disk as long as the kernel does; no deadline can interrupt a write.
//
// # Security
//
// Files get mode 0600 and directories that have to be made 0700, whatever the
// umask. Symbolic links, hard links, devices and pipes in the place of the file
// are refused, and so is, in a directory that others may write to, a file that
// someone else owns. No part of the path comes from a record.
package file
