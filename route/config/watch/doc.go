// Package watch tells a program when its configuration file has changed.
package watch
