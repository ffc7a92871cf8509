package file

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// compressible returns the files to compress: all rotated ones but the newest,
// which an agent may not have read to its end, or may not have found yet.
func compressible(files []rotated) []rotated {
	var out []rotated
	newest := true
	for _, r := range files {
		if !newest && !r.compressed && !r.part {
			out = append(out, r)
		}
		newest = newest && r.part
	}
	return out
}

// compress replaces a file by its gzip. At each moment, also after a crash, the
// whole file is there in one form or both: the part becomes the compressed file
// once it is on disk, and only then the source goes.
func (k *keeper) compress(ctx context.Context, r rotated) (busy bool, err error) {
	src, free, err := claim(r.name)
	if src == nil {
		return !free, err
	}
	defer src.Close()
	to := r.name + compressedSuffix
	if !taken(to) {
		if err := k.writeCompressed(ctx, src, to, r); err != nil {
			return false, err
		}
	}
	if err := os.Remove(r.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return false, nil
}

// writeCompressed makes the file to. The claim on the source keeps others from
// making the same part, so a part that is there was left by a crash.
func (k *keeper) writeCompressed(ctx context.Context, src *os.File, to string, r rotated) (err error) {
	part := to + partSuffix
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dst, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL|noFollow, k.dest.Mode)
	if err != nil {
		return err
	}
	defer func() {
		dst.Close()
		if err != nil {
			os.Remove(part)
		}
	}()
	// The umask has had its say in OpenFile; it is not asked.
	if err := dst.Chmod(k.dest.Mode); err != nil {
		return err
	}
	zip := gzip.NewWriter(dst)
	zip.Name, zip.ModTime = filepath.Base(r.name), r.modified
	if _, err := io.Copy(zip, untilDone{ctx, src}); err != nil {
		return err
	}
	if err := errors.Join(zip.Close(), dst.Sync()); err != nil {
		return err
	}
	// KeepFor counts from the last record, not from compressing.
	if err := os.Chtimes(part, r.modified, r.modified); err != nil {
		return err
	}
	return os.Rename(part, to)
}

// untilDone ends reading when ctx is done, so that Close need not wait for a
// large file.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := context.Cause(u.ctx); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
