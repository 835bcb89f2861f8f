import { tellSeeds } from './random-seeds.js'

tellSeeds(4, 4)
