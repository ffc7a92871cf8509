package encode

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestLevelFormats(t *testing.T) {
	for l := slog.Level(-20); l <= 20; l++ {
		if got := string(LevelOffsets.append(nil, l)); got != l.String() {
			t.Errorf("offset of %d: %s, want %s", l, got, l.String())
		}
		if got := string(LevelNames.append(nil, l)); got != LevelName(l) {
			t.Errorf("name of %d: %s, want %s", l, got, LevelName(l))
		}
	}
	if got := string(LevelNumbers.append(nil, -8)); got != "-8" {
		t.Errorf("number of -8: %s", got)
	}
}

func TestLevelNames(t *testing.T) {
	tests := []struct {
		level slog.Level
		index int
		name  string
	}{
		{math.MinInt, 0, "TRACE"}, {-8, 0, "TRACE"}, {-5, 0, "TRACE"}, {-4, 1, "DEBUG"}, {-1, 1, "DEBUG"},
		{0, 2, "INFO"}, {1, 2, "INFO"}, {2, 3, "NOTICE"}, {3, 3, "NOTICE"}, {4, 4, "WARN"}, {7, 4, "WARN"},
		{8, 5, "ERROR"}, {11, 5, "ERROR"}, {12, 6, "FATAL"}, {math.MaxInt, 6, "FATAL"},
	}
	for _, tt := range tests {
		if LevelIndex(tt.level) != tt.index || LevelName(tt.level) != tt.name {
			t.Errorf("level %d: %d, %s", tt.level, LevelIndex(tt.level), LevelName(tt.level))
		}
	}
	// Indexes come from files, so those beyond the names have a level as well.
	for index, want := range map[int]slog.Level{-1: -8, 0: -8, 1: -4, 2: 0, 3: 2, 4: 4, 5: 8, 6: 12, 7: 12, 200: 12} {
		if got := NamedLevel(index); got != want {
			t.Errorf("index %d: level %d, want %d", index, got, want)
		}
	}
}

func TestFloatAgreesWithJSON(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 3))
	floats := []float64{0, math.Copysign(0, -1), 1, 1.5, 1e20, 1e21, 1e-6, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64}
	for range 10_000 {
		floats = append(floats, math.Float64frombits(rnd.Uint64()))
	}
	for _, f := range floats {
		got, ok := appendFloat(nil, f)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			if ok || len(got) > 0 {
				t.Fatalf("%v: %s", f, got)
			}
			continue
		}
		var back float64
		if err := json.Unmarshal(got, &back); err != nil || back != f {
			t.Fatalf("%v: %s: %v", f, got, err)
		}
		// encoding/json writes e-9 for what strconv writes as e-09.
		want, _ := json.Marshal(f)
		if string(want) != strings.Replace(string(got), "e-0", "e-", 1) {
			t.Fatalf("%v: %s, want %s", f, got, want)
		}
	}
}

func TestBytesFormats(t *testing.T) {
	b := []byte{0, 1, 0xfe, 'a', '"'}
	for format, want := range map[BytesFormat]string{
		BytesBase64: base64.StdEncoding.EncodeToString(b),
		BytesHex:    "0001fe6122",
		BytesText:   `\u0000\u0001\ufffda\"`,
	} {
		if got := string(format.append(nil, b, 1000)); got != want {
			t.Errorf("format %d: %s, want %s", format, got, want)
		}
		got := string(format.append(nil, make([]byte, 1000), 100))
		if len(got) > 160 || !strings.Contains(got, truncated+" 9") {
			t.Errorf("format %d, cut: %s", format, got)
		}
	}
}
