//! Names, trees and writing them back.
