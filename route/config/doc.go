// Package config reads routes from a file.
package config
