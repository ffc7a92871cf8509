package vfs

// faultFile is a File of a [Fault]. It is immutable.
type faultFile struct {
	f     *Fault
	inner File
	name  string
}

var _ File = (*faultFile)(nil)

func (f *faultFile) ask(kind OpKind) error { return f.f.ask(kind, f.name, "") }

func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.ask(OpReadAt); err != nil {
		return 0, err
	}
	return f.inner.ReadAt(p, off)
}

// WriteAt reports the injected error also where the half that is written fails
// by itself: the test asked for that one.
func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	err := f.ask(OpWriteAt)
	if err == nil {
		return f.inner.WriteAt(p, off)
	}
	if !isTorn(err) {
		return 0, err
	}
	n, _ := f.inner.WriteAt(p[:len(p)/2], off)
	return n, err
}

func (f *faultFile) Close() error { return done(f.ask(OpClose), f.inner.Close) }

func (f *faultFile) Size() (int64, error) {
	if err := f.ask(OpSize); err != nil {
		return 0, err
	}
	return f.inner.Size()
}

func (f *faultFile) Allocate(size int64) error {
	if err := f.ask(OpAllocate); err != nil {
		return err
	}
	return f.inner.Allocate(size)
}

// syncFailer is a File that knows what a failed sync leaves behind.
type syncFailer interface{ failSync() }

// Sync tells the file beneath that the sync failed: not to sync is not the same,
// since a later one would then make good what the kernel never does.
func (f *faultFile) Sync() error {
	err := f.ask(OpSync)
	if err == nil {
		return f.inner.Sync()
	}
	if inner, ok := f.inner.(syncFailer); ok {
		inner.failSync()
	}
	return err
}

// failSync passes a failure on when one Fault wraps another.
func (f *faultFile) failSync() {
	if inner, ok := f.inner.(syncFailer); ok {
		inner.failSync()
	}
}

func (f *faultFile) Map(size int) (Mapping, error) {
	if err := f.ask(OpMap); err != nil {
		return nil, err
	}
	m, err := f.inner.Map(size)
	if err != nil {
		return nil, err
	}
	return &faultMapping{f.f, m, f.name}, nil
}

func (f *faultFile) Writeback(off, n int64) error {
	if err := f.ask(OpWriteback); err != nil {
		return err
	}
	return f.inner.Writeback(off, n)
}

func (f *faultFile) Evict(off, n int64) error {
	if err := f.ask(OpEvict); err != nil {
		return err
	}
	return f.inner.Evict(off, n)
}

// faultMapping is a Mapping of a [Fault]. It is immutable.
type faultMapping struct {
	f     *Fault
	inner Mapping
	name  string
}

var _ Mapping = (*faultMapping)(nil)

// Bytes is not counted: it can't fail, and the buffer calls it often.
func (m *faultMapping) Bytes() []byte { return m.inner.Bytes() }

func (m *faultMapping) Populate() error {
	if err := m.f.ask(OpPopulate, m.name, ""); err != nil {
		return err
	}
	return m.inner.Populate()
}

func (m *faultMapping) Unmap() error {
	return done(m.f.ask(OpUnmap, m.name, ""), m.inner.Unmap)
}
