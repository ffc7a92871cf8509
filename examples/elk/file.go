package main

import (
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/file"
)

// fileTo writes lines that Filebeat reads. What it has not read when a file is
// removed is lost, so there is room for a day of which nobody reads anything.
func (w ways) fileTo() file.Destination {
	return file.Destination{
		Path: w.file, Encoder: encode.ECS{},
		Mode:    0o640, // Filebeat's user is in the file's group
		MaxSize: 50 << 20, Keep: 40, KeepFor: 7 * 24 * time.Hour,
	}
}
